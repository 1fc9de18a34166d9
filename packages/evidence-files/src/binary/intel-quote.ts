import type { PartOf } from '../part.ts';
import { readUint } from './little-endian.ts';

const HEADER_BYTES = 48;
const ATTESTATION_KEY_TYPES: readonly number[] = [2, 3];
const TEE_SGX = 0;
const TEE_TDX = 0x81;

/** An Intel quote by its header (version, attestation key type, TEE type); undefined for anything else. */
export function readIntelQuote(bytes: Uint8Array): PartOf<'intel-quote'> | undefined {
  const version = readUint(bytes, 0, 2);
  const keyType = readUint(bytes, 2, 2);
  const teeType = readUint(bytes, 4, 4);
  if (version === undefined || keyType === undefined || bytes.length < HEADER_BYTES + 384) return undefined;
  if (!ATTESTATION_KEY_TYPES.includes(keyType) || version < 3 || version > 5) return undefined;
  if (teeType === TEE_TDX && version >= 4) return { type: 'intel-quote', tee: 'tdx', version, quote: bytes };
  return teeType === TEE_SGX ? { type: 'intel-quote', tee: 'sgx', version, quote: bytes } : undefined;
}
