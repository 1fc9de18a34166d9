import {
  type ChallengeGrant,
  type ChannelConfig,
  type ChannelStatus,
  decodeChallengeGrant,
  decodeChannelStatus,
  decodeSignedCloseApproval,
  encodeChannelConfig,
  encodeChannelRequest,
  type SignedChannelRequest,
  type SignedCloseApproval,
} from '@dcml/channel';
import type { EnclaveConnection } from './connect-enclave.ts';
import { callEnclave } from './sealed-exchange.ts';

/** All functions here throw as `callEnclave`. */
export function requestChallenge(
  connection: EnclaveConnection,
  signal: AbortSignal,
): Promise<ChallengeGrant> {
  const decode = (value: Parameters<typeof decodeChallengeGrant>[0]): ChallengeGrant =>
    decodeChallengeGrant(value);
  return callEnclave(connection, { path: '/v1/dcml/challenges', body: {}, decode }, signal);
}

/** Tells the enclave of a channel that is open on chain. Idempotent. */
export function presentChannel(
  connection: EnclaveConnection,
  config: ChannelConfig,
  signal: AbortSignal,
): Promise<ChannelStatus> {
  const body = { config: encodeChannelConfig(config) };
  return callEnclave(
    connection,
    { path: '/v1/dcml/channels', body, decode: (value) => decodeChannelStatus(value) },
    signal,
  );
}

export function requestStatus(
  connection: EnclaveConnection,
  request: SignedChannelRequest,
  signal: AbortSignal,
): Promise<ChannelStatus> {
  const path = `/v1/dcml/channels/${request.channelId}/status`;
  const body = encodeChannelRequest(request);
  return callEnclave(connection, { path, body, decode: (value) => decodeChannelStatus(value) }, signal);
}

/** Syntax only; the caller checks the approval. */
export function requestClose(
  connection: EnclaveConnection,
  request: SignedChannelRequest,
  signal: AbortSignal,
): Promise<SignedCloseApproval> {
  const path = `/v1/dcml/channels/${request.channelId}/close`;
  const body = encodeChannelRequest(request);
  return callEnclave(connection, { path, body, decode: (value) => decodeSignedCloseApproval(value) }, signal);
}
