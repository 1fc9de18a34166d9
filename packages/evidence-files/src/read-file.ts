import { decodeUtf8, isDcmlError } from '@dcml/core';
import { readBinary } from './binary/read-binary.ts';
import { EvidenceFileError } from './evidence-files-error.ts';
import type { FileContents } from './part.ts';
import { readText } from './text/read-text.ts';

/** A bundle of 16 GPUs has about 200 kB, an event log up to 1 MiB. */
export const MAX_EVIDENCE_FILE_BYTES: number = 8 << 20;
/** Bytes in base64 in armour: nobody nests deeper. */
const MAX_NESTING = 3;

function tryUtf8(bytes: Uint8Array): string | undefined {
  try {
    const text = decodeUtf8(bytes[0] === 0xef && bytes[1] === 0xbb ? bytes.subarray(3) : bytes);
    return text.includes('\0') ? undefined : text;
  } catch (error) {
    if (isDcmlError(error)) return undefined;
    throw error;
  }
}

function read(bytes: Uint8Array, nesting: number): FileContents {
  const binary = readBinary(bytes);
  if (binary !== undefined) return binary;
  const text = nesting < MAX_NESTING ? tryUtf8(bytes) : undefined;
  const contents = text === undefined ? undefined : readText(text, (inner) => read(inner, nesting + 1));
  if (contents !== undefined) return contents;
  const what = bytes.length === 0 ? 'the file is empty' : `${bytes.length} bytes in no form that is known`;
  throw new EvidenceFileError('EVIDENCE_FILE_UNKNOWN', what);
}

/**
 * Recognizes a file of evidence or collateral by its content: raw, hex, base64, armoured, or a JSON bundle. Nothing in
 * it is verified. Throws `EVIDENCE_FILE_UNKNOWN`, `EVIDENCE_FILE_BROKEN`, `EVIDENCE_FILE_NO_EVIDENCE` (for what is
 * known and useless) and `EVIDENCE_FILE_LIMIT`.
 */
export function readEvidenceFile(bytes: Uint8Array): FileContents {
  if (bytes.length > MAX_EVIDENCE_FILE_BYTES) {
    throw new EvidenceFileError(
      'EVIDENCE_FILE_LIMIT',
      `the file has ${bytes.length} bytes, at most ${MAX_EVIDENCE_FILE_BYTES} are read`,
    );
  }
  return read(bytes, 0);
}
