import { type Address, isDcmlError } from '@dcml/core';
import { ChainError } from './chain-error.ts';
import { decodeChannelAnswer, encodeChannelCall } from './channel-call.ts';
import type { ChannelView } from './channel-view.ts';

/** Calls one JSON-RPC method of a node: resolves to `result`, rejects when there is none. */
export type FetchRpc = (method: string, params: readonly unknown[], signal: AbortSignal) => Promise<unknown>;

export interface RpcChannelViewOptions {
  readonly fetchRpc: FetchRpc;
  /** The InferenceChannels contract. */
  readonly contract: Address;
  /** Deadline of one call. Default 10 s. */
  readonly timeoutMs?: number;
}

/** A caller's `fetchRpc` may ignore its signal; the deadline holds all the same. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/**
 * Channels as a node tells them, with no proof: whoever runs the node can say anything, hence `operator_asserted`.
 * `getChannel` throws `CHAIN_UNREACHABLE`, `CHAIN_ANSWER`, or the signal's reason.
 */
export function createRpcChannelView({
  fetchRpc,
  contract,
  timeoutMs = 10_000,
}: RpcChannelViewOptions): ChannelView {
  return {
    source: 'operator_asserted',
    async getChannel(id, signal) {
      signal.throwIfAborted();
      const call = { to: contract, data: encodeChannelCall(id) };
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      let answer: unknown;
      try {
        answer = await Promise.race([
          fetchRpc('eth_call', [call, 'latest'], limited),
          rejectOnAbort(limited),
        ]);
      } catch (cause) {
        signal.throwIfAborted();
        const why = isDcmlError(cause) ? `: ${cause.message}` : '';
        throw new ChainError('CHAIN_UNREACHABLE', `the chain node did not answer${why}`, { cause });
      }
      return decodeChannelAnswer(answer);
    },
  };
}
