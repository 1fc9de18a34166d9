import { join } from 'node:path';
import { type Address, type Clock, systemClock } from '@dcml/core';
import { DevnetError } from '../devnet-error.ts';
import { type AnvilProcess, startAnvil } from './anvil-process.ts';
import { wallTime } from './chain-clock.ts';
import { type JournalEntry, openJournal } from './chain-journal.ts';
import { ChainTurns } from './chain-turns.ts';
import { createRpcCall, type RpcCall, resultOf } from './json-rpc.ts';
import { startRpcServer } from './rpc-server.ts';

export interface DevChainOptions {
  /** Holds the chain's state: the same directory continues the same chain. */
  readonly dataDir: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Default 31337. */
  readonly chainId?: number;
  /** Ends the start, and later the chain. */
  readonly signal: AbortSignal;
  /** Called once when the chain dies without being asked to; the endpoint is closed by then. */
  readonly onExit: (reason: string) => void;
  readonly clock?: Clock;
}

export interface DevChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** The node's process: what a crash test kills. */
  readonly pid: number;
  /** Gives an account `amountWei` coins (sets, does not add). */
  setBalance(account: Address, amountWei: bigint): Promise<void>;
  /** Moves the chain's time and mines a block that shows it. */
  increaseTime(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Executes a stored chain again. Blocks are a function of the calls, so their hashes show whether it is the same. */
async function replay(call: RpcCall, entries: readonly JournalEntry[]): Promise<void> {
  try {
    for (const { calls } of entries) {
      for (const { method, params } of calls) resultOf(await call(method, params));
    }
    const head = entries.at(-1)?.head;
    const newest = resultOf(await call('eth_getBlockByNumber', ['latest', false])) as { hash: string };
    if (head !== undefined && newest.hash !== head) throw new Error(`${newest.hash} is not ${head}`);
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_START', 'the chain did not become what is stored', { cause });
  }
}

/**
 * A development chain (anvil, osaka rules) behind an endpoint that answers only what is on disk: kill -9 of this
 * process, of the node or of both loses nothing that anybody was told. Every transaction is mined at once.
 * Throws `DEVNET_CHAIN_MISSING`, `DEVNET_CHAIN_START`, `DEVNET_CHAIN_STATE`, `DEVNET_PORT_TAKEN`.
 */
export async function startDevChain(options: DevChainOptions): Promise<DevChain> {
  const { dataDir, chainId = 31337, signal } = options;
  const clock = options.clock ?? systemClock;
  signal.throwIfAborted();
  const journal = await openJournal(join(dataDir, 'chain.jsonl'), chainId, Math.floor(clock.now() / 1000));
  let anvil: AnvilProcess | null = null;
  try {
    anvil = await startAnvil({ chainId, genesisTime: journal.header.genesisTime, signal });
    const node = anvil;
    const call = createRpcCall(node.url, 60_000);
    await replay(call, journal.entries);
    const turns = new ChainTurns({
      call,
      clock,
      clockState: journal.entries.at(-1)?.clock ?? wallTime,
      append: (entry) => journal.append(entry),
    });
    const server = await startRpcServer(options.port ?? 0, (request) => turns.handle(request));

    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => {
      closing ??= (async () => {
        signal.removeEventListener('abort', abort);
        await server.close();
        await node.close();
        await turns.settled();
        await journal.close();
      })();
      return closing;
    };
    const abort = (): void => void close();
    signal.addEventListener('abort', abort, { once: true });
    void node.exited.then(async (reason) => {
      if (closing !== null) return;
      await close();
      options.onExit(reason);
    });
    const change = async (method: string, params: readonly unknown[]): Promise<void> => {
      resultOf(await turns.handle({ jsonrpc: '2.0', id: 0, method, params }));
    };
    return {
      rpcUrl: server.url,
      chainId,
      pid: node.pid,
      setBalance: async (account, amountWei) => {
        await change('anvil_setBalance', [account, `0x${amountWei.toString(16)}`]);
      },
      increaseTime: async (seconds) => {
        await change('evm_increaseTime', [seconds]);
        await change('evm_mine', []);
      },
      close,
    };
  } catch (error) {
    await anvil?.close();
    await journal.close();
    throw error;
  }
}
