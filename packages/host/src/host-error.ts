import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'HOST_CONFIG'
  | 'HOST_PORT_TAKEN'
  | 'HOST_STORE'
  | 'HOST_STORE_FULL'
  | 'HOST_NOT_FOUND'
  | 'HOST_BODY'
  | 'HOST_BODY_TOO_LARGE'
  | 'HOST_TIMEOUT'
  | 'HOST_INTERNAL'
  | 'HOST_CHAIN'
  | 'HOST_ENCLAVE'
  | 'HOST_RPC_METHOD'
  | 'HOST_APPROVAL'
  | 'HOST_CHANNEL_ID'
  | 'HOST_COLLATERAL'
  | 'HOST_OFFER_MODEL'
  | 'HOST_OFFER_PRICE'
  | 'HOST_OFFER_TERMS'
  | 'HOST_OFFER_ENCLAVE'
  | 'HOST_OFFER_DEPOSIT'
  | 'HOST_OFFER_BOND';

export const hostErrors: Readonly<Record<Code, ErrorEntry>> = {
  HOST_CONFIG: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The host daemon was started with a configuration that it cannot use.',
    fix: 'Correct the setting that the message names.',
  },
  HOST_PORT_TAKEN: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'A port or socket of the host daemon is in use by another process.',
    fix: 'Stop the other process, or choose another port or DCML_HOME.',
  },
  HOST_STORE: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The state on disk could not be read or written; nothing was acknowledged.',
    fix: 'Check the disk and the file that the message names, then try again.',
  },
  HOST_STORE_FULL: {
    advice: 'retry',
    httpStatus: 507,
    meaning: 'The disk is full; nothing was acknowledged and no state was lost.',
    fix: 'Free disk space on the host; the same request then works.',
  },
  HOST_NOT_FOUND: {
    advice: 'fix-input',
    httpStatus: 404,
    meaning: 'The host has nothing under this path.',
    fix: 'See docs/protocol/http.md for the paths; an approval exists only after the enclave left one.',
  },
  HOST_BODY: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The request body is not what the path takes.',
    fix: 'Send the JSON that docs/protocol/http.md describes for the path.',
  },
  HOST_BODY_TOO_LARGE: {
    advice: 'fix-input',
    httpStatus: 413,
    meaning: 'The request body is larger than the path takes.',
    fix: 'Send a smaller body; the message names the limit.',
  },
  HOST_TIMEOUT: {
    advice: 'retry',
    httpStatus: 408,
    meaning: 'The request body did not arrive in time.',
    fix: 'Send the whole request at once.',
  },
  HOST_INTERNAL: {
    advice: 'report-bug',
    httpStatus: 500,
    meaning: 'The host daemon failed in a way that it does not know.',
    fix: 'See the log of the host daemon and report it.',
  },
  HOST_CHAIN: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The chain node did not answer, or answered with what is no answer.',
    fix: 'Check the chain node that the host is configured with, then try again.',
  },
  HOST_ENCLAVE: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The enclave behind this host did not answer, or has no approval to give.',
    fix: 'Check that the enclave runs; the watcher asks again until the deadline.',
  },
  HOST_RPC_METHOD: {
    advice: 'fix-input',
    httpStatus: 403,
    meaning: 'The enclave asked the chain node for a method that is not passed on.',
    fix: 'Only eth_call, eth_blockNumber and eth_chainId are passed on, one per request.',
  },
  HOST_APPROVAL: {
    advice: 'do-not-trust',
    httpStatus: 400,
    meaning: 'A close approval is not signed by the enclave key of its channel, or contradicts a stored one.',
    fix: 'Only the enclave that serves the channel can approve its close.',
  },
  HOST_CHANNEL_ID: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A channel id is not the digest of the configuration that came with it.',
    fix: 'Compute the id from the same configuration, chain id and contract.',
  },
  HOST_COLLATERAL: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The host has no attestation collateral at hand.',
    fix: 'Try again later, or take the collateral from its publisher.',
  },
  HOST_OFFER_MODEL: {
    advice: 'fix-input',
    httpStatus: 404,
    meaning: 'The host does not serve this model now.',
    fix: 'Choose a model that GET /v1/host lists.',
  },
  HOST_OFFER_PRICE: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: "The prices or the owner are not the registry's terms in force plus the host's own price.",
    fix: 'Read the terms again and make a new configuration.',
  },
  HOST_OFFER_TERMS: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'The host, the token or the close window of the configuration is not what this host takes.',
    fix: 'Use the values of GET /v1/host.',
  },
  HOST_OFFER_ENCLAVE: {
    advice: 'retry',
    httpStatus: 409,
    meaning: "The enclave key is not the one of this host's running enclave; it may have restarted.",
    fix: 'Verify the enclave again and ask it for a new challenge.',
  },
  HOST_OFFER_DEPOSIT: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'The deposit is zero or above what this host takes for one channel.',
    fix: 'Use a deposit up to max_deposit of GET /v1/host.',
  },
  HOST_OFFER_BOND: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The free bond of the host does not cover another channel of this size now.',
    fix: 'Use a smaller deposit, wait until other channels close, or choose another host.',
  },
};

export class HostError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(hostErrors, code, message, options);
    this.name = 'HostError';
  }
}
