import { encodeUtf8 } from '@dcml/core';
import type { PartOf } from '../part.ts';
import { hasBytes, indexOfBytes } from './little-endian.ts';

const COSE_SIGN1_TAG = 0xd2;
/** Array of 4, protected header of 4 bytes {1: -35 (ES384)}. */
const COSE_ES384: readonly number[] = [0x84, 0x44, 0xa1, 0x01, 0x38, 0x22];
const MODULE_ID = encodeUtf8('module_id');

/** An AWS Nitro Enclaves document (COSE_Sign1 with ES384 over a map with `module_id`); undefined for anything else. */
export function readNitroDocument(bytes: Uint8Array): PartOf<'nitro-document'> | undefined {
  const at = bytes[0] === COSE_SIGN1_TAG ? 1 : 0;
  if (!hasBytes(bytes, at, COSE_ES384)) return undefined;
  const isNitro = indexOfBytes(bytes.subarray(0, 64), MODULE_ID) > 0;
  return isNitro ? { type: 'nitro-document', document: bytes } : undefined;
}
