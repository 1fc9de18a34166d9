import type { SignedCloseApproval } from '@dcml/channel';
import type { ChannelId, Clock } from '@dcml/core';
import type { Counters } from '../counters.ts';
import type { Log } from '../log.ts';
import type { HostStore, PendingClose } from '../store/host-store.ts';
import type { HostChain } from './host-chain.ts';
import { wait } from './wait.ts';

export interface ChainWatcherOptions {
  readonly store: HostStore;
  readonly chain: HostChain;
  /** Where to begin when the store knows no block: the contract's deployment. */
  readonly fromBlock: bigint;
  readonly pollMs: number;
  /** Blocks asked for at once. */
  readonly maxBlocks: bigint;
  readonly callTimeoutMs: number;
  /** Has the running enclave leave an approval in the store; throws when it does not. */
  askEnclave(id: ChannelId, signal: AbortSignal): Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

const MAX_BACKOFF_MS = 60_000;
const WARN_EVERY_MS = 60_000;

/**
 * Reads events after the last recorded block and records what they mean together with the new block, so that
 * stopping anywhere loses nothing. True when there may be more to read.
 */
async function readEvents(options: ChainWatcherOptions, signal: AbortSignal): Promise<boolean> {
  const { store, chain, log, counters } = options;
  const head = await chain.getBlockNumber(signal);
  const watched = store.getWatchedBlock();
  const from = watched === null ? options.fromBlock : watched + 1n;
  if (from > head) return false;
  const to = head - from >= options.maxBlocks ? from + options.maxBlocks - 1n : head;
  const closes: PendingClose[] = [];
  for (const event of await chain.getChannelEvents(from, to, signal)) {
    if (event.kind === 'opened') {
      counters.add('channels_opened');
      await store.putConfig(event.channelId, event.config);
      await store.releaseOffer(event.channelId);
    } else {
      counters.add('closes_started');
      closes.push({ channelId: event.channelId, closesAt: event.closesAt });
      log('warn', 'close_started', { channel: event.channelId, closesAt: event.closesAt });
    }
  }
  await store.recordBlock(to, closes);
  return to < head;
}

/** When each unanswered close was last warned about; Unix milliseconds. */
type Warnings = Map<string, number>;

function warnUnanswered(close: PendingClose, options: ChainWatcherOptions, warnings: Warnings): void {
  const now = options.clock.now();
  if (now - (warnings.get(close.channelId) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
  warnings.set(close.channelId, now);
  options.counters.add('closes_without_approval');
  options.log('error', 'close_unanswered', {
    channel: close.channelId,
    closesAt: close.closesAt,
    secondsLeft: close.closesAt - Math.floor(now / 1000),
    advice: 'the enclave gives no approval; without one by the deadline the bond of this channel is lost',
  });
}

/** The stored approval, or the one that the enclave leaves now; null when it has none to give. */
async function findApproval(
  close: PendingClose,
  options: ChainWatcherOptions,
  signal: AbortSignal,
): Promise<SignedCloseApproval | null> {
  const stored = options.store.getApproval(close.channelId);
  if (stored !== null) return stored;
  try {
    await options.askEnclave(close.channelId, signal);
  } catch {
    options.counters.add('enclave_gave_no_approval');
  }
  return options.store.getApproval(close.channelId);
}

async function answerClose(
  close: PendingClose,
  options: ChainWatcherOptions,
  warnings: Warnings,
  signal: AbortSignal,
): Promise<void> {
  const { store, chain, log, counters } = options;
  const status = await chain.getChannelStatus(close.channelId, signal);
  if (status === 'closed') return store.endClose(close.channelId);
  if (status !== 'closing') return;
  const approval = await findApproval(close, options, signal);
  const config = store.getConfig(close.channelId);
  if (approval === null || config === null) return warnUnanswered(close, options, warnings);
  const transaction = await chain.closeByApproval(config, approval, signal);
  counters.add('closes_answered');
  log('info', 'close_answered', { channel: close.channelId, transaction });
}

/**
 * One round: read what is new, answer what is open; one close that fails does not hold up the others.
 * Throws `HOST_CHAIN` or `HOST_STORE`; nothing is lost by that.
 */
export async function watchOnce(
  options: ChainWatcherOptions,
  signal: AbortSignal,
  warnings: Warnings = new Map(),
): Promise<void> {
  const bounded = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(options.callTimeoutMs)]);
  while (await readEvents(options, bounded()));
  const answers = options.store
    .listPendingCloses()
    .map((close) => () => answerClose(close, options, warnings, bounded()));
  let failure: unknown;
  // One after the other: they share the nonces of the host's account.
  for (const answer of answers) await answer().catch((error: unknown) => (failure ??= error));
  if (failure !== undefined) throw failure;
}

/** Watches until the signal aborts; a failed round is repeated with growing pauses. Never throws. */
export async function watchChain(options: ChainWatcherOptions, signal: AbortSignal): Promise<void> {
  const warnings: Warnings = new Map();
  let failures = 0;
  while (!signal.aborted) {
    try {
      await watchOnce(options, signal, warnings);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      options.counters.add('watch_failures');
      const code = (error as { code?: unknown }).code;
      options.log('error', 'watch_failed', { failures, code: typeof code === 'string' ? code : 'unknown' });
    }
    const backoff = Math.min(options.pollMs * 2 ** Math.min(failures, 16), MAX_BACKOFF_MS);
    await wait(failures === 0 ? options.pollMs : backoff, signal);
  }
}
