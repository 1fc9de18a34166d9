import {
  type Address,
  type Challenge,
  type ChannelId,
  Fields,
  type JsonObject,
  type JsonValue,
} from '@dcml/core';
import type { ChannelAction, SignedChannelRequest } from '../types.ts';
import { readAddress, readChallenge, readSeconds, readSignature } from './chain-values.ts';

/** The body; the channel and the action stand in the path. */
export function encodeChannelRequest(request: SignedChannelRequest): JsonObject {
  return { expires_at: request.expiresAt, signature: request.signature };
}

/** Syntax only; `assertChannelRequest` checks the signature. Throws `CORE_FIELD` or `CHANNEL_SIGNATURE`. */
export function decodeChannelRequest(
  json: JsonValue | undefined,
  channelId: ChannelId,
  action: ChannelAction,
  path = 'request',
): SignedChannelRequest {
  const fields = new Fields(json, path);
  const expiresAt = readSeconds(fields, 'expires_at');
  const signature = readSignature(fields, 'signature');
  fields.done();
  return { channelId, action, expiresAt, signature };
}

/** The enclave's invitation to open one channel. */
export interface ChallengeGrant {
  readonly challenge: Challenge;
  readonly enclaveKey: Address;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export function encodeChallengeGrant(grant: ChallengeGrant): JsonObject {
  return { challenge: grant.challenge, enclave_key: grant.enclaveKey, expires_at: grant.expiresAt };
}

/** Throws `CORE_FIELD`. */
export function decodeChallengeGrant(json: JsonValue | undefined, path = 'challenge'): ChallengeGrant {
  const fields = new Fields(json, path);
  const grant: ChallengeGrant = {
    challenge: readChallenge(fields, 'challenge'),
    enclaveKey: readAddress(fields, 'enclave_key'),
    expiresAt: readSeconds(fields, 'expires_at'),
  };
  fields.done();
  return grant;
}
