import { toHex } from '@dcml/core';
import { platformError } from './platform-call.ts';

/** GUIDs of the table (GHCB specification 2.03, section 4.1.8.1, and the VLEK's), as they stand in it. */
const names: ReadonlyMap<string, keyof SnpCertificates> = new Map([
  ['63da758de6644564adc5f4b93be8accd', 'vcek'],
  ['a8074bc2a25a483eaae639c045a0b8a1', 'vlek'],
  ['4ab7b379bbac4fe4a02f05aef327c782', 'ask'],
  ['c0b406a4a803495297433fb6014cd0ae', 'ark'],
]);
const NONE = '00'.repeat(16);
const ENTRY_BYTES = 24;
const MAX_ENTRIES = 32;

/** DER; null where the host gave none. The host may put anything here: the verifier checks the chain. */
export interface SnpCertificates {
  readonly vcek: Uint8Array | null;
  readonly vlek: Uint8Array | null;
  /** The ASK, or the ASVK that signs VLEKs. */
  readonly ask: Uint8Array | null;
  readonly ark: Uint8Array | null;
}

/**
 * The certificate table that the host hands to the guest: entries of GUID 16, offset u32, length u32 (little-endian)
 * up to an entry of zeros, then the certificates. Unknown entries are skipped. Throws `ENCLAVE_PLATFORM` on a table
 * that points outside itself or lists a certificate twice.
 */
export function parseSnpCertificateTable(table: Uint8Array): SnpCertificates {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const found: { -readonly [Name in keyof SnpCertificates]: SnpCertificates[Name] } = {
    vcek: null,
    vlek: null,
    ask: null,
    ark: null,
  };
  for (let index = 0; index < MAX_ENTRIES; index++) {
    const at = index * ENTRY_BYTES;
    if (at + ENTRY_BYTES > table.length) throw platformError('the certificate table has no end');
    const guid = toHex(table.subarray(at, at + 16));
    if (guid === NONE) return found;
    const offset = view.getUint32(at + 16, true);
    const length = view.getUint32(at + 20, true);
    if (offset + length > table.length) throw platformError('the certificate table points outside itself');
    const name = names.get(guid);
    if (name === undefined || length === 0) continue;
    if (found[name] !== null) throw platformError('the certificate table lists a certificate twice');
    found[name] = table.slice(offset, offset + length);
  }
  throw platformError(`the certificate table has more than ${MAX_ENTRIES} entries`);
}
