import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'ENCLAVE_CONFIG'
  | 'ENCLAVE_MODEL_MISMATCH'
  | 'ENCLAVE_PLATFORM'
  | 'ENCLAVE_HOST_UNREACHABLE'
  | 'ENCLAVE_NOT_FOUND'
  | 'ENCLAVE_METHOD'
  | 'ENCLAVE_BODY'
  | 'ENCLAVE_BODY_TOO_LARGE'
  | 'ENCLAVE_TIMEOUT'
  | 'ENCLAVE_NONCE'
  | 'ENCLAVE_MODEL_UNKNOWN'
  | 'ENCLAVE_PAYMENT_REQUIRED'
  | 'ENCLAVE_CHALLENGE'
  | 'ENCLAVE_CHANNEL_CONFIG'
  | 'ENCLAVE_CHANNEL_UNKNOWN'
  | 'ENCLAVE_CHANNEL_NOT_OPEN'
  | 'ENCLAVE_UNAUTHORIZED'
  | 'ENCLAVE_STOPPING'
  | 'ENCLAVE_KEYSET_EXPIRED'
  | 'ENCLAVE_INTERNAL';

const row = (advice: ErrorEntry['advice'], httpStatus: number, meaning: string, fix: string): ErrorEntry => ({
  advice,
  httpStatus,
  meaning,
  fix,
});

export const enclaveErrors: Readonly<Record<Code, ErrorEntry>> = {
  ENCLAVE_CONFIG: row(
    'fix-input',
    500,
    'The enclave was started with settings that it cannot use.',
    'Correct the setting that the message names and start the enclave again.',
  ),
  ENCLAVE_MODEL_MISMATCH: row(
    'do-not-trust',
    500,
    'The weights, tokenizer, template or configuration are not those that the measured configuration names.',
    'Give the enclave the exact model files, or deploy an image whose measured configuration names these.',
  ),
  ENCLAVE_PLATFORM: row(
    'retry',
    503,
    'The TEE platform gave no quote or no description of the guest.',
    'Check the guest agent, the kernel or the device tool that docs/guide/enclave-platforms.md names for this platform.',
  ),
  ENCLAVE_HOST_UNREACHABLE: row(
    'retry',
    503,
    'The host daemon did not store what it must store before the enclave goes on; nothing was served or charged.',
    'Start the host daemon, or use another host.',
  ),
  ENCLAVE_NOT_FOUND: row(
    'fix-input',
    404,
    'The enclave has nothing at this path or under this id.',
    'Check the path and the id.',
  ),
  ENCLAVE_METHOD: row(
    'fix-input',
    405,
    'The path exists, but not for this method.',
    'Use the method that docs/protocol/http.md names.',
  ),
  ENCLAVE_BODY: row(
    'fix-input',
    400,
    'The body is missing or is not the JSON that this path takes.',
    'Send the body that docs/protocol/http.md describes.',
  ),
  ENCLAVE_BODY_TOO_LARGE: row(
    'fix-input',
    413,
    'The body is larger than the enclave reads.',
    'Send a smaller body; the message names the limit.',
  ),
  ENCLAVE_TIMEOUT: row(
    'retry',
    408,
    'The peer sent or read too slowly.',
    'Try again on a better connection; nothing undelivered was charged.',
  ),
  ENCLAVE_NONCE: row(
    'fix-input',
    400,
    'The nonce is not 64 lowercase hex digits.',
    'Send 32 fresh random bytes as lowercase hex.',
  ),
  ENCLAVE_MODEL_UNKNOWN: row(
    'fix-input',
    404,
    'This enclave does not serve the model that the request names.',
    'Use a model id that GET /v1/models lists.',
  ),
  ENCLAVE_PAYMENT_REQUIRED: row(
    'fix-input',
    402,
    'The request came without a payment that covers it.',
    'Open a channel with this enclave and send a voucher in PAYMENT-SIGNATURE.',
  ),
  ENCLAVE_CHALLENGE: row(
    'fix-input',
    409,
    'The challenge was not made by this enclave, has expired, or has opened a channel already.',
    'Ask for a new challenge and open a new channel with it.',
  ),
  ENCLAVE_CHANNEL_CONFIG: row(
    'fix-input',
    400,
    'The channel is not for this enclave: another key, model, token, chain or contract.',
    'Build the configuration from the attested report of this enclave.',
  ),
  ENCLAVE_CHANNEL_UNKNOWN: row(
    'fix-input',
    402,
    'This enclave instance has no such channel; an instance that restarted has lost the channels of the old one.',
    'Verify the enclave again and open a new channel; close the old one through its host.',
  ),
  ENCLAVE_CHANNEL_NOT_OPEN: row(
    'retry',
    409,
    'The chain does not show the channel as open.',
    'Wait until the opening transaction is included, or open another channel.',
  ),
  ENCLAVE_UNAUTHORIZED: row(
    'fix-input',
    401,
    'The receipt belongs to a credential that was not presented.',
    'Present the credential of the request that the receipt is about.',
  ),
  ENCLAVE_STOPPING: row(
    'retry',
    503,
    'The enclave is shutting down and takes no new work.',
    'Use another host, or wait for the new instance and verify it.',
  ),
  ENCLAVE_KEYSET_EXPIRED: row(
    'do-not-trust',
    503,
    "The instance's keyset has expired.",
    'The operator restarts the enclave, which makes new keys.',
  ),
  ENCLAVE_INTERNAL: row(
    'report-bug',
    500,
    'The enclave failed in a way that it does not explain to strangers.',
    'Report what you did; the operator finds the id of this failure in the log.',
  ),
};

export class EnclaveError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(enclaveErrors, code, message, options);
    this.name = 'EnclaveError';
  }
}
