import {
  type Address,
  asAddress,
  asChallenge,
  asChannelId,
  asModelHash,
  type Challenge,
  type ChannelId,
  CoreError,
  type Fields,
  type ModelHash,
} from '@dcml/core';
import { MAX_UINT128 } from '../abi-words.ts';
import { asSignature } from '../signature.ts';
import type { Signature } from '../types.ts';

/** Unix seconds up to the year 9999: enough for any deadline, and safe in a double. */
const MAX_SECONDS = 253_402_300_799;

export const readAddress = (fields: Fields, name: string): Address => asAddress(fields.hex(name, 20));
export const readModel = (fields: Fields, name: string): ModelHash => asModelHash(fields.hex(name, 32));
export const readChallenge = (fields: Fields, name: string): Challenge => asChallenge(fields.hex(name, 32));
export const readChannelId = (fields: Fields, name: string): ChannelId => asChannelId(fields.hex(name, 32));
export const readAmount = (fields: Fields, name: string): bigint => fields.decimal(name, MAX_UINT128);
export const readSeconds = (fields: Fields, name: string): number => fields.integer(name, 0, MAX_SECONDS);

export function readSignature(fields: Fields, name: string): Signature {
  return asSignature(fields.hex(name, 65), `${fields.path}.${name}`);
}

/** A token count as a JSON number. Throws `CORE_FIELD` beyond 2^53 - 1. */
export function encodeCount(count: bigint): number {
  if (count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new CoreError('CORE_FIELD', 'a token count does not fit a JSON number');
  }
  return Number(count);
}

export function readCount(fields: Fields, name: string): bigint {
  return BigInt(fields.integer(name, 0, Number.MAX_SAFE_INTEGER));
}
