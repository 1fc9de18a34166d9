import { encodeUtf8 } from '@dcml/core';

/** EHBP section 4: header names in the case they are written; HTTP compares them without case. */
export const ehbpHeaders = {
  encapsulatedKey: 'Ehbp-Encapsulated-Key',
  responseNonce: 'Ehbp-Response-Nonce',
} as const;

/** EHBP section 3.1. */
export const keyConfigPath = '/.well-known/hpke-keys';
export const keyConfigMediaType = 'application/ohttp-keys';

/** EHBP section 5.4.2. */
export const keyConfigProblemType = 'urn:ietf:params:ehbp:error:key-config';

/** The keyset's name for this suite (aci/1 section 3.1, `e2ee_public_keys`). */
export const ehbpKeyAlgorithm = 'ehbp-x25519-hkdf-sha256-aes-256-gcm';

/** EHBP section 4.4: HPKE `info` and the export label of the response secret. */
export const requestInfo: Uint8Array = encodeUtf8('ehbp request');
export const responseLabel: Uint8Array = encodeUtf8('ehbp response');

/** Ours, distinct from EHBP's as its section 7.3 asks (docs/protocol/transport.md). */
export const receiptLabel: Uint8Array = encodeUtf8('dcml receipt');
export const credentialLabel: Uint8Array = encodeUtf8('dcml receipt credential');

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/** OHTTP's max(Nn, Nk). */
export const RESPONSE_NONCE_BYTES = 32;

/** What one reader holds in memory at most. */
export interface FrameLimits {
  /** Ciphertext bytes of one frame. */
  readonly maxFrameBytes: number;
  /** Plaintext bytes of the whole body. */
  readonly maxBodyBytes: number;
}

/** EHBP clients send a body as one frame, so both limits of a request are equal. */
export const defaultRequestLimits: FrameLimits = {
  maxFrameBytes: (16 << 20) + TAG_BYTES,
  maxBodyBytes: 16 << 20,
};
export const defaultResponseLimits: FrameLimits = { maxFrameBytes: 4 << 20, maxBodyBytes: 256 << 20 };
