import {
  assertCloseApproval,
  type ChannelConfig,
  type ChannelDigests,
  decodeChannelConfig,
  decodeSignedCloseApproval,
  decodeVoucherRecord,
  type Secp256k1,
} from '@dcml/channel';
import type { Clock, JsonObject, JsonValue } from '@dcml/core';
import type { Counters } from '../counters.ts';
import { HostError } from '../host-error.ts';
import type { JsonReply, JsonRoute } from '../http/json-server.ts';
import type { Log } from '../log.ts';
import type { HostStore } from '../store/host-store.ts';
import { decodeRegistrationRequest } from '../store/registration-codec.ts';
import { proxyRpc, type RpcProxyOptions } from './rpc-proxy.ts';

export interface LedgerPortOptions {
  readonly store: HostStore;
  readonly digests: ChannelDigests;
  readonly secp: Secp256k1;
  readonly rpc: RpcProxyOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

const DONE: JsonReply = { status: 200, body: {} };

function nowSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}

function assertChannelId(id: string, config: ChannelConfig, digests: ChannelDigests): void {
  if (digests.channelId(config) !== id)
    throw new HostError('HOST_CHANNEL_ID', `${id} is not the id of the config`);
}

/**
 * The signature is not verified here: the enclave did, per request, and the contract will. What a wrong one could
 * displace is a lower voucher of the same measured enclave.
 */
async function putVoucher(body: JsonValue, options: LedgerPortOptions): Promise<JsonReply> {
  const { config, voucher } = decodeVoucherRecord(body);
  const { channelId } = voucher;
  const { store, digests, clock, log, counters } = options;
  if (store.getVoucher(channelId) === null) assertChannelId(channelId, config, digests);
  const outcome = await store.putVoucher(voucher, config, nowSeconds(clock));
  counters.add(`vouchers_${outcome}`);
  if (outcome === 'conflict') log('error', 'voucher_conflict', { channel: channelId });
  if (outcome === 'lower') log('warn', 'voucher_lower', { channel: channelId });
  return DONE;
}

async function putApproval(body: JsonValue, options: LedgerPortOptions): Promise<JsonReply> {
  if (body === null || typeof body !== 'object') throw new HostError('HOST_BODY', 'expected an object');
  const { config: configJson, ...approvalJson } = body as JsonObject;
  const config = decodeChannelConfig(configJson);
  const approval = decodeSignedCloseApproval(approvalJson);
  const { store, digests, secp, clock, log, counters } = options;
  assertChannelId(approval.channelId, config, digests);
  try {
    assertCloseApproval(digests, secp, config, approval);
  } catch (cause) {
    throw new HostError('HOST_APPROVAL', 'the approval is not what the contract takes', { cause });
  }
  const outcome = await store.putApproval(approval, config, nowSeconds(clock));
  counters.add(`approvals_${outcome}`);
  if (outcome === 'conflict') {
    log('error', 'approval_conflict', { channel: approval.channelId });
    throw new HostError('HOST_APPROVAL', 'another approval for this channel is on disk');
  }
  return DONE;
}

async function register(body: JsonValue, options: LedgerPortOptions): Promise<JsonReply> {
  const { store, clock, log } = options;
  const registration = decodeRegistrationRequest(body, nowSeconds(clock));
  await store.registerEnclave(registration);
  log('info', 'enclave_registered', { enclave: registration.enclaveKey, boot: registration.bootId });
  return DONE;
}

/** The routes that only the enclave may reach (docs/protocol/http.md, "The ledger port"). */
export function createLedgerRoutes(options: LedgerPortOptions): readonly JsonRoute[] {
  return [
    { method: 'POST', path: /^\/v1\/ledger\/vouchers$/, handle: ({ body }) => putVoucher(body, options) },
    { method: 'POST', path: /^\/v1\/ledger\/approvals$/, handle: ({ body }) => putApproval(body, options) },
    { method: 'POST', path: /^\/v1\/ledger\/register$/, handle: ({ body }) => register(body, options) },
    {
      method: 'POST',
      path: /^\/v1\/ledger\/rpc$/,
      handle: async ({ body, signal }) => ({ status: 200, body: await proxyRpc(body, options.rpc, signal) }),
    },
  ];
}
