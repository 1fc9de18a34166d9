import { toBase64 } from '@dcml/core';
import { EvidenceFileError } from '../evidence-files-error.ts';
import { tryBase64 } from './radix.ts';

const MAX_BLOCKS = 1000;

export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/**
 * The armoured blocks of a text, whatever stands around them; lines of any length and kind. Blocks whose inside is no
 * base64 are left out. Throws `EVIDENCE_FILE_LIMIT`.
 */
export function readPemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf('-----BEGIN '); at >= 0; at = text.indexOf('-----BEGIN ', at)) {
    const labelAt = at + '-----BEGIN '.length;
    const labelEnd = text.indexOf('-----', labelAt);
    if (labelEnd < 0) break;
    const label = text.slice(labelAt, labelEnd);
    const end = text.indexOf('-----END ', labelEnd);
    if (end < 0) break;
    at = end;
    if (!/^[A-Z0-9 ]{1,64}$/.test(label)) continue;
    if (!text.startsWith(`-----END ${label}-----`, end)) continue;
    const bytes = tryBase64(text.slice(labelEnd + 5, end));
    if (bytes !== undefined) blocks.push({ label, bytes });
    if (blocks.length > MAX_BLOCKS) {
      throw new EvidenceFileError(
        'EVIDENCE_FILE_LIMIT',
        `the file has more than ${MAX_BLOCKS} armoured blocks`,
      );
    }
  }
  return blocks;
}

/** RFC 7468 text of certificates in the one form that the verifiers read. */
export function toCertificatePem(ders: readonly Uint8Array[]): string {
  return ders
    .map((der) => {
      const lines = toBase64(der).match(/.{1,64}/g) ?? [];
      return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
    })
    .join('');
}
