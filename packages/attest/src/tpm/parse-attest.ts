import { ByteCursor } from '../byte-cursor.ts';
import { tpmAlgorithms } from './algorithm-ids.ts';
import type { PcrBank } from './evidence.ts';

const GENERATED = 0xff54_4347;
const ST_ATTEST_QUOTE = 0x8018;
/** A quote of all PCRs with SHA-512 has 177 bytes. */
const MAX_QUOTE_BYTES = 512;

const banks: ReadonlyMap<number, PcrBank> = new Map([
  [tpmAlgorithms.sha1, 'sha1'],
  [tpmAlgorithms.sha256, 'sha256'],
  [tpmAlgorithms.sha384, 'sha384'],
]);

/** TPMS_ATTEST of a quote (TPM 2.0 Library, Part 2, section 10.12.12), read and not yet believed. */
export interface TpmAttest {
  /** TPM2B_NAME without its length: which key of which hierarchy signed. */
  readonly qualifiedSigner: Uint8Array;
  /** What the caller of TPM2_Quote had signed: the nonce. */
  readonly extraData: Uint8Array;
  readonly extraDataOffset: number;
  /** Milliseconds for which the TPM was powered. */
  readonly clockMs: bigint;
  /** TPM resets since the last TPM2_Clear. */
  readonly resetCount: number;
  /** Resumes since the last reset. */
  readonly restartCount: number;
  /** False if a higher clock value may have been reported before. */
  readonly isClockSafe: boolean;
  /** Vendor specific, eight bytes. */
  readonly firmwareVersion: Uint8Array;
  readonly bank: PcrBank;
  /** Selected PCRs, ascending. */
  readonly pcrs: readonly number[];
  readonly pcrDigest: Uint8Array;
}

/** One TPMS_PCR_SELECTION: a bitmap of 24 PCRs, least significant bit first. */
function readSelection(cursor: ByteCursor): { bank: PcrBank; pcrs: number[] } {
  const start = cursor.offset;
  const count = cursor.u32be('number of PCR selections');
  if (count !== 1) cursor.fail(`quote is over ${count} banks, expected one`, start);
  const at = cursor.offset;
  const algorithm = cursor.u16be('PCR bank');
  const bank = banks.get(algorithm);
  if (bank === undefined) return cursor.fail(`PCR bank 0x${algorithm.toString(16)} is not supported`, at);
  const [size] = cursor.bytes(1, 'size of the PCR bitmap');
  if (size !== 3) cursor.fail(`PCR bitmap has ${size} bytes, expected 3`, at + 2);
  const pcrs: number[] = [];
  for (const [i, byte] of cursor.bytes(3, 'PCR bitmap').entries()) {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) pcrs.push(8 * i + bit);
  }
  return { bank, pcrs };
}

/** Parses the signed part of a quote. Anything that a TPM attests but quotes is refused. Throws `ATTEST_FORMAT`. */
export function parseTpmAttest(message: Uint8Array): TpmAttest {
  const cursor = new ByteCursor(message, 'TPM quote');
  if (message.length > MAX_QUOTE_BYTES) cursor.fail(`is longer than ${MAX_QUOTE_BYTES} bytes`);
  const magic = cursor.u32be('magic');
  if (magic !== GENERATED) cursor.fail('was not made by a TPM (magic is not 0xff544347)', 0);
  const type = cursor.u16be('type');
  if (type !== ST_ATTEST_QUOTE) cursor.fail(`type 0x${type.toString(16)} is no quote`, 4);
  const sized = (field: string): Uint8Array => cursor.bytes(cursor.u16be(`size of ${field}`), field);
  const qualifiedSigner = sized('qualified signer');
  const extraDataOffset = cursor.offset + 2;
  const extraData = sized('extra data');
  const clockMs = cursor.u64be('clock');
  const resetCount = cursor.u32be('reset count');
  const restartCount = cursor.u32be('restart count');
  const safeAt = cursor.offset;
  const [safe] = cursor.bytes(1, 'safe flag');
  if (safe !== 0 && safe !== 1) cursor.fail(`safe flag is ${safe}`, safeAt);
  const firmwareVersion = cursor.bytes(8, 'firmware version');
  const selection = readSelection(cursor);
  const pcrDigest = sized('PCR digest');
  cursor.end();
  return {
    qualifiedSigner,
    extraData,
    extraDataOffset,
    clockMs,
    resetCount,
    restartCount,
    isClockSafe: safe === 1,
    firmwareVersion,
    ...selection,
    pcrDigest,
  };
}
