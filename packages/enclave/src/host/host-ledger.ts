import { Agent } from 'node:http';
import type { ChannelConfig, SignedCloseApproval, SignedVoucher } from '@dcml/channel';
import { encodeChannelConfig, encodeSignedCloseApproval } from '@dcml/channel';
import { Fields, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';
import { requestOverSocket } from './socket-request.ts';

const DEADLINE_MS = 10_000;
const ANSWER_LIMIT_BYTES = 1 << 20;

/** What an instance tells its host after boot. */
export interface InstanceRegistration {
  readonly tlsSpkiSha256: string;
  readonly keysetDigest: string;
  readonly enclaveKey: string;
  readonly models: readonly string[];
  readonly bootId: string;
}

/**
 * The host's side of the books (docs/protocol/http.md, "The ledger port"). Every method resolves once the host has
 * stored what it was told, and throws `ENCLAVE_HOST_UNREACHABLE` otherwise: the caller then goes no further.
 */
export interface HostLedger {
  register(registration: InstanceRegistration, signal: AbortSignal): Promise<void>;
  recordVoucher(config: ChannelConfig, voucher: SignedVoucher, signal: AbortSignal): Promise<void>;
  recordApproval(config: ChannelConfig, approval: SignedCloseApproval, signal: AbortSignal): Promise<void>;
  /** A read of the chain through the host: the enclave has no other network. */
  readonly rpc: (method: string, params: readonly unknown[], signal: AbortSignal) => Promise<JsonValue>;
  close(): void;
}

export function createHostLedger(socketPath: string): HostLedger {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const post = async (path: string, body: JsonObject, signal: AbortSignal): Promise<JsonValue> => {
    try {
      const answer = await requestOverSocket(
        {
          socketPath,
          method: 'POST',
          path,
          body: JSON.stringify(body),
          limitBytes: ANSWER_LIMIT_BYTES,
          agent,
        },
        AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      );
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      return parseJson(answer.text, { maxLength: ANSWER_LIMIT_BYTES, maxDepth: 16 });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw new EnclaveError('ENCLAVE_HOST_UNREACHABLE', `the host daemon did not confirm ${path}`, {
        cause,
      });
    }
  };
  return {
    async register(registration, signal) {
      await post(
        '/v1/ledger/register',
        {
          tls_spki_sha256: registration.tlsSpkiSha256,
          keyset_digest: registration.keysetDigest,
          enclave_key: registration.enclaveKey,
          models: registration.models,
          boot_id: registration.bootId,
        },
        signal,
      );
    },
    async recordVoucher(config, voucher, signal) {
      await post(
        '/v1/ledger/vouchers',
        {
          channel_id: voucher.channelId,
          config: encodeChannelConfig(config),
          max_claimable: voucher.maxClaimableWei.toString(),
          signature: voucher.signature,
        },
        signal,
      );
    },
    async recordApproval(config, approval, signal) {
      await post(
        '/v1/ledger/approvals',
        { ...encodeSignedCloseApproval(approval), config: encodeChannelConfig(config) },
        signal,
      );
    },
    async rpc(method, params, signal) {
      const answer = await post(
        '/v1/ledger/rpc',
        { jsonrpc: '2.0', id: 1, method, params: params as readonly JsonValue[] },
        signal,
      );
      const fields = new Fields(answer, 'rpc answer');
      if (fields.has('error'))
        throw new EnclaveError('ENCLAVE_HOST_UNREACHABLE', `the chain refused ${method}`);
      return fields.required('result');
    },
    close: () => agent.destroy(),
  };
}
