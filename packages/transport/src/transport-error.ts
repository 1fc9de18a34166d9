import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'TRANSPORT_KEY_CONFIG'
  | 'TRANSPORT_SUITE'
  | 'TRANSPORT_SEAL'
  | 'TRANSPORT_ENCAPSULATED_KEY'
  | 'TRANSPORT_FRAMING'
  | 'TRANSPORT_TOO_LARGE'
  | 'TRANSPORT_OPEN'
  | 'TRANSPORT_REPLAYED'
  | 'TRANSPORT_REPLAY_GUARD_FULL'
  | 'TRANSPORT_SEQUENCE'
  | 'TRANSPORT_RESPONSE_NONCE'
  | 'TRANSPORT_RESPONSE'
  | 'TRANSPORT_RECEIPT_HEADER'
  | 'TRANSPORT_STREAM_INCOMPLETE'
  | 'TRANSPORT_STREAM_TRAILING'
  | 'TRANSPORT_PAYMENT_HEADER';

export const transportErrors: Readonly<Record<Code, ErrorEntry>> = {
  TRANSPORT_KEY_CONFIG: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A key configuration (RFC 9458 section 3.1) is truncated or contradicts itself.',
    fix: 'Take the encryption key from the attested keyset instead.',
  },
  TRANSPORT_SUITE: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A key configuration offers no X25519, HKDF-SHA256, AES-256-GCM suite.',
    fix: 'Use a service that speaks the EHBP suite.',
  },
  TRANSPORT_SEAL: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A request cannot be sealed: the public key is unusable or the body is empty.',
    fix: 'Seal a non-empty body to the 32-byte X25519 key of the verified keyset.',
  },
  TRANSPORT_ENCAPSULATED_KEY: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'Ehbp-Encapsulated-Key is not exactly 64 lowercase hex digits.',
    fix: 'Send the encapsulated key once, as lowercase hex without prefix.',
  },
  TRANSPORT_FRAMING: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A framed body ends inside a frame or has no frame at all.',
    fix: 'Send whole frames: a 4-byte big-endian length, then that many bytes of ciphertext.',
  },
  TRANSPORT_TOO_LARGE: {
    advice: 'fix-input',
    httpStatus: 413,
    meaning: 'A frame or a body is longer than the reader accepts.',
    fix: 'Send a smaller body; the message names the limit.',
  },
  TRANSPORT_OPEN: {
    advice: 'retry',
    httpStatus: 422,
    meaning: 'A sealed request does not open under the current key; the reason is not told.',
    fix: 'Verify the report again, seal to the key that it lists now, and retry once.',
  },
  TRANSPORT_REPLAYED: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'A sealed request with this encapsulated key was served before.',
    fix: 'Seal the request anew; every attempt needs its own encapsulated key.',
  },
  TRANSPORT_REPLAY_GUARD_FULL: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The memory of served requests is full, and forgetting one would allow its replay.',
    fix: 'Retry later or elsewhere; operators raise the capacity or rotate the key sooner.',
  },
  TRANSPORT_SEQUENCE: {
    advice: 'report-bug',
    httpStatus: 500,
    meaning: 'One body used up its frame numbers, or a value that is sealed once was sealed twice.',
    fix: 'End the exchange; a nonce is never used twice.',
  },
  TRANSPORT_RESPONSE_NONCE: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The answer to a sealed request has no valid Ehbp-Response-Nonce: it is not sealed.',
    fix: 'Treat the answer as forged by somebody on the way; there is no fallback to plain text.',
  },
  TRANSPORT_RESPONSE: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A sealed answer was altered, reordered, cut inside a frame, or belongs to another request.',
    fix: 'Discard the whole answer and ask again.',
  },
  TRANSPORT_RECEIPT_HEADER: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A sealed DCML-Receipt header does not open under the keys of this exchange.',
    fix: 'Treat the answer as incomplete and fetch the receipt by its id.',
  },
  TRANSPORT_STREAM_INCOMPLETE: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'An event stream ended without data: [DONE] and the receipt after it.',
    fix: 'Treat the answer as cut; what arrived is a prefix at best.',
  },
  TRANSPORT_STREAM_TRAILING: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'An event stream goes on after its end, or its receipt is misplaced, repeated or too long.',
    fix: 'Discard the answer.',
  },
  TRANSPORT_PAYMENT_HEADER: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'An x402 header is not base64 of the JSON that docs/protocol/http.md describes.',
    fix: 'Send the header with exactly the fields documented, scheme dcml-channel, version 2.',
  },
};

export type TransportErrorCode = Code;

export class TransportError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(transportErrors, code, message, options);
    this.name = 'TransportError';
  }
}
