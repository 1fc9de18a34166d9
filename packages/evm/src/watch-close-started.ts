import type { Address } from '@dcml/core';
import { type CloseStartedEvent, listCloseStarted } from './channel-events.ts';
import type { DcmlChain } from './contracts.ts';
import { abortable, read } from './send.ts';

export interface WatchOptions {
  readonly host?: Address;
  /** The first block to look at: 0 at first, later the stored `nextBlock` of the last batch that was handled. */
  readonly fromBlock: bigint;
  readonly signal: AbortSignal;
  /** Default 1 s. */
  readonly pollMs?: number;
  /** Blocks to wait on top of an event's own, where a chain may reorganize. Default 0. */
  readonly confirmations?: bigint;
}

export interface CloseStartedBatch {
  readonly events: readonly CloseStartedEvent[];
  /** Store it once the events are handled: watching from it misses and repeats nothing. */
  readonly nextBlock: bigint;
}

/** Most blocks asked for at once: nodes refuse long ranges. */
const MAX_RANGE = 5_000n;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return abortable(elapsed, signal).finally(() => clearTimeout(timer));
}

/**
 * Batches of started closes, block range by block range, until the signal aborts (then it returns).
 * Throws `EVM_UNREACHABLE` or `EVM_ANSWER` when the node fails; start again from the last `nextBlock`.
 */
export async function* watchCloseStarted(
  chain: DcmlChain,
  { host, fromBlock, signal, pollMs = 1_000, confirmations = 0n }: WatchOptions,
): AsyncGenerator<CloseStartedBatch, void, undefined> {
  let next = fromBlock;
  try {
    while (!signal.aborted) {
      const newest = (await read(chain.viem.getBlockNumber({ cacheTime: 0 }), { signal })) - confirmations;
      if (newest < next) {
        await pause(pollMs, signal);
        continue;
      }
      const toBlock = newest - next < MAX_RANGE ? newest : next + MAX_RANGE - 1n;
      const filter = { fromBlock: next, toBlock, ...(host === undefined ? {} : { host }) };
      const events = await listCloseStarted(chain, filter, { signal });
      next = toBlock + 1n;
      yield { events, nextBlock: next };
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
