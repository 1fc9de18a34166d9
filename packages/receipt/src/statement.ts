import { type DigestText, encodeUtf8, sha256 } from '@dcml/core';
import { ReceiptError } from './receipt-error.ts';
import { asDigestText } from './text-forms.ts';

/** Throws `RECEIPT_NONCE` unless the text is 32 bytes of lowercase hex (aci/1 section 3.2). */
export function assertNonce(nonce: string): void {
  if (!/^[0-9a-f]{64}$/.test(nonce)) {
    throw new ReceiptError('RECEIPT_NONCE', 'nonce: expected exactly 64 lowercase hex digits');
  }
}

/** The exact bytes that bind a keyset and a nonce (aci/1 section 3.2). Throws `RECEIPT_NONCE`, `CORE_FIELD`. */
export function attestationStatement(
  keysetDigest: DigestText,
  nonce: string | null,
): Uint8Array<ArrayBuffer> {
  if (nonce !== null) assertNonce(nonce);
  asDigestText(keysetDigest, 'keyset digest');
  const nonceJson = nonce === null ? 'null' : `"${nonce}"`;
  return encodeUtf8(
    `{"keyset_digest":"${keysetDigest}","nonce":${nonceJson},"purpose":"aci.report_data.v1"}`,
  );
}

/** The 64 bytes of the TEE's report-data slot: the statement's SHA-256, then 32 zeros. */
export function reportData(statement: Uint8Array): Uint8Array<ArrayBuffer> {
  const slot = new Uint8Array(64);
  slot.set(sha256(statement));
  return slot;
}
