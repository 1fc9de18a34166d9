import { join } from 'node:path';
import { type Address, type Clock, systemClock } from '@dcml/core';
import { DevnetError } from '../devnet-error.ts';
import { type AnvilProcess, startAnvil } from './anvil-process.ts';
import { type ClockState, wallTime } from './chain-clock.ts';
import { type ChainSnapshot, ChainTurns } from './chain-turns.ts';
import { readIfPresent, writeDurably } from './durable-file.ts';
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

interface StateFile {
  readonly version: 1;
  readonly chainId: number;
  readonly clock: ClockState;
  readonly node: string;
}

async function loadState(path: string, chainId: number): Promise<StateFile | null> {
  const text = await readIfPresent(path);
  if (text === null) return null;
  let state: StateFile;
  try {
    state = JSON.parse(text) as StateFile;
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_STATE', `${path} is not JSON`, { cause });
  }
  if (state.version !== 1 || state.chainId !== chainId) {
    throw new DevnetError('DEVNET_CHAIN_STATE', `${path} is not a state of chain ${chainId}`);
  }
  return state;
}

async function restore(call: RpcCall, state: StateFile): Promise<void> {
  try {
    if (resultOf(await call('anvil_loadState', [state.node])) !== true) throw new Error('refused');
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_START', 'the chain did not take its stored state', { cause });
  }
}

/**
 * A development chain (anvil, osaka rules) behind an endpoint that answers only what is on disk: kill -9 of this
 * process, of the node or of both loses nothing that anybody was told. Every transaction is mined at once.
 * Throws `DEVNET_CHAIN_MISSING`, `DEVNET_CHAIN_START`, `DEVNET_CHAIN_STATE`, `DEVNET_PORT_TAKEN`.
 */
export async function startDevChain(options: DevChainOptions): Promise<DevChain> {
  const { dataDir, chainId = 31337, signal } = options;
  const path = join(dataDir, 'chain-state.json');
  const stored = await loadState(path, chainId);
  const anvil: AnvilProcess = await startAnvil(chainId, signal);
  try {
    const call = createRpcCall(anvil.url, 60_000);
    if (stored !== null) await restore(call, stored);
    const store = ({ clock, node }: ChainSnapshot): Promise<void> => {
      const state: StateFile = { version: 1, chainId, clock, node };
      return writeDurably(path, JSON.stringify(state));
    };
    const turns = new ChainTurns({
      call,
      clock: options.clock ?? systemClock,
      clockState: stored?.clock ?? wallTime,
      store,
    });
    // The genesis block is stored too: its hash is part of what clients see.
    if (stored === null)
      await store({ clock: wallTime, node: String(resultOf(await call('anvil_dumpState', []))) });
    const server = await startRpcServer(options.port ?? 0, (request) => turns.handle(request));

    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => {
      closing ??= (async () => {
        signal.removeEventListener('abort', abort);
        await server.close();
        await anvil.close();
      })();
      return closing;
    };
    const abort = (): void => void close();
    signal.addEventListener('abort', abort, { once: true });
    void anvil.exited.then(async (reason) => {
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
      pid: anvil.pid,
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
    await anvil.close();
    throw error;
  }
}
