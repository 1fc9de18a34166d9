import type { Clock } from '@dcml/core';
import { afterBlock, blockTime, type ClockState, readSeconds } from './chain-clock.ts';
import type { JournalEntry } from './chain-journal.ts';
import { type RpcCall, type RpcOutcome, type RpcRequest, resultOf, rpcErrors } from './json-rpc.ts';

export interface ChainTurnsOptions {
  readonly call: RpcCall;
  readonly clock: Clock;
  readonly clockState: ClockState;
  /** Resolves once the entry would survive a crash. */
  readonly append: (entry: JournalEntry) => Promise<void>;
}

/** Changes that give the same chain when they are executed again. Others are refused, since a restart would undo them. */
const REPEATABLE_CHANGES: readonly string[] = [
  'anvil_setBalance',
  'anvil_setCode',
  'anvil_setNonce',
  'anvil_setStorageAt',
];
/** What changes nothing. A list, since nodes know more ways to send than eth_sendRawTransaction. */
const READS =
  /^(?:eth_(?:get\w+|call|simulateV1|chainId|blockNumber|syncing|gasPrice|estimateGas|feeHistory|maxPriorityFeePerGas|blobBaseFee|createAccessList)|net_\w+|web3_\w+|txpool_\w+|debug_trace\w+)$/;

const invalid = (message: string): RpcOutcome => ({ error: { code: -32602, message } });

/**
 * Serves requests in turns: all that wait are executed in order, then the changes are stored at once, and only
 * then is anything answered. So nobody, not even a reader, sees what a crash could take back.
 */
export class ChainTurns {
  readonly #options: ChainTurnsOptions;
  #clockState: ClockState;
  #waiting: { request: RpcRequest; answer: (outcome: RpcOutcome) => void }[] = [];
  #run: Promise<void> | null = null;
  /** Kept while storing fails: nothing is answered before the disk has it. */
  #unstored: JournalEntry['calls'][number][] = [];
  #storedClock: ClockState;

  constructor(options: ChainTurnsOptions) {
    this.#options = options;
    this.#clockState = options.clockState;
    this.#storedClock = options.clockState;
  }

  /** Never rejects: failures are JSON-RPC errors. */
  handle(request: RpcRequest): Promise<RpcOutcome> {
    return new Promise((answer) => {
      this.#waiting.push({ request, answer });
      this.#run ??= this.#serve();
    });
  }

  /** Resolves when nothing is being executed or stored. */
  async settled(): Promise<void> {
    await this.#run;
  }

  async #serve(): Promise<void> {
    while (this.#waiting.length > 0) {
      const turn = this.#waiting;
      this.#waiting = [];
      const outcomes: RpcOutcome[] = [];
      for (const { request } of turn) outcomes.push(await this.#execute(request));
      const failure = await this.#storeChanges();
      for (const [i, { answer }] of turn.entries()) answer(failure ?? outcomes[i]!);
    }
    this.#run = null;
  }

  async #storeChanges(): Promise<RpcOutcome | null> {
    if (this.#unstored.length === 0 && this.#clockState === this.#storedClock) return null;
    try {
      const { hash } = await this.#newestBlock();
      await this.#options.append({ calls: this.#unstored, clock: this.#clockState, head: hash });
      this.#unstored = [];
      this.#storedClock = this.#clockState;
      return null;
    } catch {
      return { error: { ...rpcErrors.internal, message: 'the chain state could not be stored' } };
    }
  }

  /** Calls a method that changes the node, and remembers it for the journal once it did. */
  async #change(method: string, params: readonly unknown[]): Promise<RpcOutcome> {
    const outcome = await this.#options.call(method, params);
    if ('result' in outcome) this.#unstored.push({ method, params });
    return outcome;
  }

  async #execute({ method, params }: RpcRequest): Promise<RpcOutcome> {
    try {
      switch (method) {
        case 'eth_sendRawTransaction':
          return await this.#sendRawTransaction(params);
        case 'evm_mine':
          return await this.#mineAt(params[0]);
        case 'anvil_mine':
          return await this.#mineMany(params);
        case 'evm_increaseTime':
          return this.#increaseTime(params[0]);
        case 'evm_setNextBlockTimestamp':
          return await this.#setNextTimestamp(params[0]);
      }
      if (REPEATABLE_CHANGES.includes(method)) return await this.#change(method, params);
      if (READS.test(method)) return await this.#options.call(method, params);
      return { error: { code: -32601, message: `${method} is not served by this chain` } };
    } catch {
      return { error: rpcErrors.internal };
    }
  }

  async #newestBlock(): Promise<{ hash: string; time: number }> {
    const block = resultOf(await this.#options.call('eth_getBlockByNumber', ['latest', false]));
    const { hash, timestamp } = block as { hash: string; timestamp: string };
    return { hash, time: Number(timestamp) };
  }

  async #mine(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const time = blockTime(this.#clockState, (await this.#newestBlock()).time, nowMs);
    resultOf(await this.#change('evm_mine', [time]));
    this.#clockState = afterBlock(this.#clockState, time, nowMs);
  }

  /** Mines at once, so that the answer means: it is in a block. A transaction that cannot be mined yet is refused. */
  async #sendRawTransaction(params: readonly unknown[]): Promise<RpcOutcome> {
    const sent = await this.#change('eth_sendRawTransaction', params);
    if ('error' in sent) return sent;
    await this.#mine();
    const receipt = await this.#options.call('eth_getTransactionReceipt', [sent.result]);
    if ('result' in receipt && receipt.result !== null) return sent;
    // The pool has nothing else: all that can be mined was mined.
    await this.#change('anvil_dropAllTransactions', []);
    return {
      error: { code: -32000, message: 'the transaction cannot be mined now: nonce too high or fee too low' },
    };
  }

  async #mineAt(timestamp: unknown): Promise<RpcOutcome> {
    if (timestamp !== undefined) {
      const set = await this.#setNextTimestamp(timestamp);
      if ('error' in set) return set;
    }
    await this.#mine();
    return { result: '0x0' };
  }

  async #mineMany([count = 1, interval]: readonly unknown[]): Promise<RpcOutcome> {
    const blocks = readSeconds(count);
    const seconds = interval === undefined ? 0 : readSeconds(interval);
    if (blocks === null || blocks > 1000 || seconds === null) {
      return invalid('expected at most 1000 blocks and an interval in seconds');
    }
    for (let i = 0; i < blocks; i++) {
      if (i > 0 && seconds > 0) this.#increaseTime(seconds);
      await this.#mine();
    }
    return { result: null };
  }

  #increaseTime(value: unknown): RpcOutcome {
    const seconds = readSeconds(value);
    if (seconds === null) return invalid('expected seconds');
    this.#clockState = { ...this.#clockState, offsetSeconds: this.#clockState.offsetSeconds + seconds };
    return { result: this.#clockState.offsetSeconds };
  }

  async #setNextTimestamp(value: unknown): Promise<RpcOutcome> {
    const nextTimestamp = readSeconds(value);
    if (nextTimestamp === null || nextTimestamp < (await this.#newestBlock()).time) {
      return invalid('expected Unix seconds that are not before the newest block');
    }
    this.#clockState = { ...this.#clockState, nextTimestamp };
    return { result: null };
  }
}
