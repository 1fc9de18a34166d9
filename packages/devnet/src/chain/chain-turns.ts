import type { Clock } from '@dcml/core';
import { afterBlock, blockTime, type ClockState, readSeconds } from './chain-clock.ts';
import { type RpcCall, type RpcOutcome, type RpcRequest, resultOf, rpcErrors } from './json-rpc.ts';

/** Everything that a restart needs. */
export interface ChainSnapshot {
  readonly clock: ClockState;
  /** What `anvil_dumpState` gave: accounts, blocks, transactions and receipts. */
  readonly node: string;
}

export interface ChainTurnsOptions {
  readonly call: RpcCall;
  readonly clock: Clock;
  readonly clockState: ClockState;
  /** Resolves once the snapshot would survive a crash. */
  readonly store: (snapshot: ChainSnapshot) => Promise<void>;
}

/** Changes that `anvil_dumpState` keeps. Whatever it would forget is refused, since a restart would undo it. */
const STORED_CHANGES: readonly string[] = [
  'anvil_setBalance',
  'anvil_setCode',
  'anvil_setNonce',
  'anvil_setStorageAt',
];
const READS = /^(?:eth|net|web3|txpool|debug)_/;
/** They need keys or state in the node, which has none. */
const REFUSED: readonly string[] = ['eth_sendTransaction', 'eth_sign', 'eth_signTransaction', 'eth_accounts'];

const invalid = (message: string): RpcOutcome => ({ error: { code: -32602, message } });

/**
 * Serves requests in turns: all that wait are executed in order, then the state is stored once, and only then is
 * anything answered. So nobody, not even a reader, sees what a crash could take back.
 */
export class ChainTurns {
  readonly #options: ChainTurnsOptions;
  #clockState: ClockState;
  #waiting: { request: RpcRequest; answer: (outcome: RpcOutcome) => void }[] = [];
  #running = false;
  /** Stays set while storing fails: nothing is answered before the disk has it. */
  #unstored = false;

  constructor(options: ChainTurnsOptions) {
    this.#options = options;
    this.#clockState = options.clockState;
  }

  /** Never rejects: failures are JSON-RPC errors. */
  handle(request: RpcRequest): Promise<RpcOutcome> {
    return new Promise((answer) => {
      this.#waiting.push({ request, answer });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const turn = this.#waiting;
      this.#waiting = [];
      const outcomes: RpcOutcome[] = [];
      for (const { request } of turn) outcomes.push(await this.#execute(request));
      const failure = await this.#storeChanges();
      for (const [i, { answer }] of turn.entries()) answer(failure ?? outcomes[i]!);
    }
    this.#running = false;
  }

  async #storeChanges(): Promise<RpcOutcome | null> {
    if (!this.#unstored) return null;
    try {
      const node = resultOf(await this.#options.call('anvil_dumpState', []));
      if (typeof node !== 'string') throw new TypeError('anvil_dumpState gave no text');
      await this.#options.store({ clock: this.#clockState, node });
      this.#unstored = false;
      return null;
    } catch {
      return { error: { ...rpcErrors.internal, message: 'the chain state could not be stored' } };
    }
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
      if (STORED_CHANGES.includes(method)) {
        this.#unstored = true;
        return await this.#options.call(method, params);
      }
      if (READS.test(method) && !REFUSED.includes(method)) return await this.#options.call(method, params);
      return { error: { code: -32601, message: `${method} is not served by this chain` } };
    } catch {
      return { error: rpcErrors.internal };
    }
  }

  async #newestTime(): Promise<number> {
    const block = resultOf(await this.#options.call('eth_getBlockByNumber', ['latest', false]));
    return Number((block as { timestamp: string }).timestamp);
  }

  async #mine(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const time = blockTime(this.#clockState, await this.#newestTime(), nowMs);
    this.#unstored = true;
    resultOf(await this.#options.call('evm_mine', [time]));
    this.#clockState = afterBlock(this.#clockState, time, nowMs);
  }

  /** Mines at once, so that the answer means: it is in a block. A transaction that cannot be mined yet is refused. */
  async #sendRawTransaction(params: readonly unknown[]): Promise<RpcOutcome> {
    const sent = await this.#options.call('eth_sendRawTransaction', params);
    if ('error' in sent) return sent;
    await this.#mine();
    const receipt = await this.#options.call('eth_getTransactionReceipt', [sent.result]);
    if ('result' in receipt && receipt.result !== null) return sent;
    await this.#options.call('anvil_dropTransaction', [sent.result]);
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
    this.#unstored = true;
    return { result: this.#clockState.offsetSeconds };
  }

  async #setNextTimestamp(value: unknown): Promise<RpcOutcome> {
    const nextTimestamp = readSeconds(value);
    if (nextTimestamp === null || nextTimestamp < (await this.#newestTime())) {
      return invalid('expected Unix seconds that are not before the newest block');
    }
    this.#clockState = { ...this.#clockState, nextTimestamp };
    this.#unstored = true;
    return { result: null };
  }
}
