import type { EvidenceKind } from '@dcml/attest';
import { concatBytes, encodeUtf8, sha256, toHex } from '@dcml/core';
import { EvidenceFileError } from './evidence-files-error.ts';
import type { NonceScheme } from './part.ts';

/** What the caller knows that the evidence has to bind. */
export interface Expectation {
  /** What was sent to get fresh evidence. */
  readonly nonce?: Uint8Array;
  /** All bytes that the evidence has to bind. Goes before the nonce where both are given. */
  readonly reportData?: Uint8Array;
}

const SLOT_BYTES = 64;
const NONCE_BYTES = 32;
/** Kinds with a slot of 64 bytes; the others bind a nonce as it is. */
const slotKinds: readonly EvidenceKind[] = ['tdx', 'dstack-tdx', 'sgx', 'snp'];

export function hasReportDataSlot(kind: EvidenceKind): boolean {
  return slotKinds.includes(kind);
}

function refuse(message: string): never {
  throw new EvidenceFileError('EVIDENCE_FILE_NONCE', message);
}

function fullNonce(nonce: Uint8Array): Uint8Array {
  return nonce.length === NONCE_BYTES
    ? nonce
    : refuse(`this evidence binds a nonce of ${NONCE_BYTES} bytes, not of ${nonce.length}`);
}

function slotOf(nonce: Uint8Array, scheme: NonceScheme): Uint8Array {
  switch (scheme.type) {
    case 'padded':
      if (nonce.length > SLOT_BYTES) refuse(`the nonce has ${nonce.length} bytes, the slot ${SLOT_BYTES}`);
      return concatBytes(nonce, new Uint8Array(SLOT_BYTES - nonce.length));
    case 'key-then-nonce':
      return concatBytes(scheme.head, fullNonce(nonce));
    case 'aci-statement': {
      // aci/1 section 3.2: these exact bytes.
      const hex = toHex(fullNonce(nonce));
      const statement = `{"keyset_digest":"${scheme.keysetDigest}","nonce":"${hex}","purpose":"aci.report_data.v1"}`;
      return concatBytes(sha256(encodeUtf8(statement)), new Uint8Array(SLOT_BYTES - 32));
    }
  }
}

/** What evidence of this kind has to bind; undefined if the caller knows nothing. Throws `EVIDENCE_FILE_NONCE`. */
export function expectedReportData(
  kind: EvidenceKind,
  scheme: NonceScheme,
  { nonce, reportData }: Expectation,
): Uint8Array | undefined {
  if (!hasReportDataSlot(kind)) return nonce ?? reportData;
  if (reportData === undefined) return nonce && slotOf(nonce, scheme);
  if (reportData.length !== SLOT_BYTES) {
    refuse(`report data has ${SLOT_BYTES} bytes, ${reportData.length} were given`);
  }
  return reportData;
}
