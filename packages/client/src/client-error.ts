import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'CLIENT_CONFIG'
  | 'CLIENT_STORE'
  | 'CLIENT_STORE_FULL'
  | 'CLIENT_CONNECT'
  | 'CLIENT_PIN'
  | 'CLIENT_HOST_ANSWER'
  | 'CLIENT_HOST_REFUSED'
  | 'CLIENT_VERDICT'
  | 'CLIENT_KEYSET'
  | 'CLIENT_PLAINTEXT'
  | 'CLIENT_STALE_KEY'
  | 'CLIENT_ENCLAVE_ANSWER'
  | 'CLIENT_ENCLAVE_REFUSED'
  | 'CLIENT_CUT'
  | 'CLIENT_UNVERIFIED'
  | 'CLIENT_REQUEST'
  | 'CLIENT_LIMIT'
  | 'CLIENT_NO_OFFER'
  | 'CLIENT_NO_CHANNEL'
  | 'CLIENT_CHANNEL_EXHAUSTED'
  | 'CLIENT_CHANNEL_OVER'
  | 'CLIENT_APPROVAL'
  | 'CLIENT_NOT_FOUND'
  | 'CLIENT_PROXY_PORT'
  | 'CLIENT_PROXY_FORBIDDEN'
  | 'CLIENT_PROXY_KEY'
  | 'CLIENT_INTERNAL';

export const clientErrors: Readonly<Record<Code, ErrorEntry>> = {
  CLIENT_CONFIG: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The client was given settings that it cannot use.',
    fix: 'Correct the setting that the message names.',
  },
  CLIENT_STORE: {
    advice: 'retry',
    httpStatus: 503,
    meaning: "The client's state could not be read or written; nothing was sent.",
    fix: 'Check the file that the message names, then try again.',
  },
  CLIENT_STORE_FULL: {
    advice: 'retry',
    httpStatus: 507,
    meaning: 'The disk of the client is full; no voucher left and no state was lost.',
    fix: 'Free disk space; the same request then works.',
  },
  CLIENT_CONNECT: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The host or the enclave could not be reached, or broke the connection before it answered.',
    fix: 'Check the address and that the host runs, then try again.',
  },
  CLIENT_PIN: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: "The server's TLS key is not one of the attested keyset.",
    fix: 'Verify the enclave again; if it repeats, somebody stands between.',
  },
  CLIENT_HOST_ANSWER: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The host answered something that docs/protocol/http.md does not allow.',
    fix: 'Use another host.',
  },
  CLIENT_HOST_REFUSED: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'The host refused; details.code is its reason.',
    fix: "Follow the host's message, or use another host.",
  },
  CLIENT_VERDICT: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The enclave did not pass verification under your policy; nothing was sent to it.',
    fix: 'Read the failed claims; change the policy only if you know why.',
  },
  CLIENT_KEYSET: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The attested keyset lacks a key that dcml needs.',
    fix: 'Use an enclave that lists one encryption key and one chain key.',
  },
  CLIENT_PLAINTEXT: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The answer to a sealed request was not sealed: it is not from the enclave.',
    fix: 'Do not believe it; check what stands between you and the enclave.',
  },
  CLIENT_STALE_KEY: {
    advice: 'retry',
    httpStatus: 502,
    meaning:
      'The enclave does not open requests under the key that was just verified, also after one renewal.',
    fix: 'Try again later; keys may be rotating, or somebody answers in its place.',
  },
  CLIENT_ENCLAVE_ANSWER: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The enclave answered something that docs/protocol/http.md does not allow.',
    fix: 'Check that client and enclave are of compatible versions.',
  },
  CLIENT_ENCLAVE_REFUSED: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'The enclave refused; details.code is its reason.',
    fix: "Follow the enclave's message.",
  },
  CLIENT_CUT: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The answer ended before its authenticated end; what arrived is at best a part of it.',
    fix: 'Throw away what arrived and ask again.',
  },
  CLIENT_UNVERIFIED: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The answer or its receipt does not verify; it must not be used.',
    fix: 'Throw away what arrived; details.reason says which check failed.',
  },
  CLIENT_REQUEST: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The request cannot be sent to an enclave as it is.',
    fix: 'Correct what the message names.',
  },
  CLIENT_LIMIT: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The request may cost more than your limit for one request.',
    fix: 'Lower max_tokens, shorten the prompt, or raise the limit.',
  },
  CLIENT_NO_OFFER: {
    advice: 'fix-input',
    httpStatus: 404,
    meaning: 'No host offers what was asked for within your limits.',
    fix: 'Choose another model, a smaller deposit or higher price limits.',
  },
  CLIENT_NO_CHANNEL: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'There is no usable payment channel and opening one was not allowed.',
    fix: 'Open a channel, or set autoOpen with a deposit.',
  },
  CLIENT_CHANNEL_EXHAUSTED: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The deposit of the channel does not cover the maximum of this request.',
    fix: 'Lower max_tokens, or close the channel and open one with a larger deposit.',
  },
  CLIENT_CHANNEL_OVER: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'The channel is closing or closed, or its enclave is gone.',
    fix: 'Open another channel; close this one to get back what is left of the deposit.',
  },
  CLIENT_APPROVAL: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning:
      'A close approval is not signed by the enclave, or charges more than receipts and vouchers allow.',
    fix: 'Do not submit it; start a close on chain instead.',
  },
  CLIENT_NOT_FOUND: {
    advice: 'fix-input',
    httpStatus: 404,
    meaning: 'The local state has nothing under this name.',
    fix: 'Check the id; see `dcml channel list` and the receipts of the store.',
  },
  CLIENT_PROXY_PORT: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The port of the local proxy is in use, or it is not on this machine only.',
    fix: 'Choose another port of 127.0.0.1.',
  },
  CLIENT_PROXY_FORBIDDEN: {
    advice: 'fix-input',
    httpStatus: 403,
    meaning: 'A web page of a foreign origin, or a foreign Host header, asked the local proxy.',
    fix: 'Ask 127.0.0.1 or localhost directly, or allow the origin in the proxy settings.',
  },
  CLIENT_PROXY_KEY: {
    advice: 'fix-input',
    httpStatus: 401,
    meaning: 'The local proxy was asked without its key.',
    fix: 'Send the key that the proxy was started with as the API key (Authorization: Bearer).',
  },
  CLIENT_INTERNAL: {
    advice: 'report-bug',
    httpStatus: 500,
    meaning: 'The client failed in a way that it does not know.',
    fix: 'Report it with the steps that led to it.',
  },
};

export type ClientErrorCode = Code;

export class ClientError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(clientErrors, code, message, options);
    this.name = 'ClientError';
  }
}
