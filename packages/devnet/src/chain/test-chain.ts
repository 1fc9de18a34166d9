import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachContracts, createChainClient, type DcmlChain, type DcmlContracts } from '@dcml/evm';
import { type DevAccount, loadDevAccounts } from './dev-accounts.ts';
import { type DevChain, startDevChain } from './dev-chain.ts';
import { deployDevContracts } from './dev-contracts.ts';

const roles = ['owner', 'host', 'payer', 'stranger'] as const;
export type TestRole = (typeof roles)[number];

export interface TestChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly contracts: DcmlContracts;
  /** Four accounts with 1000 coins each. */
  readonly accounts: Readonly<Record<TestRole, DevAccount>>;
  /** A client with the contracts, sending as the role. */
  as(role: TestRole): DcmlChain;
  readonly devChain: DevChain;
  /** Moves the chain's time and mines a block. */
  increaseTime(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** A fresh chain in a temporary directory with deployed contracts and funded accounts: one per test file. */
export async function startTestChain(): Promise<TestChain> {
  const dataDir = await mkdtemp(join(tmpdir(), 'dcml-test-chain-'));
  const devChain = await startDevChain({
    dataDir,
    signal: new AbortController().signal,
    onExit: () => undefined,
  });
  const close = async (): Promise<void> => {
    await devChain.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const accounts = await loadDevAccounts(dataDir, roles);
    for (const role of roles) await devChain.setBalance(accounts[role].address, 1000n * 10n ** 18n);
    const { rpcUrl, chainId } = devChain;
    const connect = (role: TestRole): ReturnType<typeof createChainClient> =>
      createChainClient({ rpcUrl, chainId, account: accounts[role].privateKey, pollMs: 10 });
    const { contracts } = await deployDevContracts(await connect('owner'), dataDir);
    const clients = new Map<TestRole, DcmlChain>();
    for (const role of roles) clients.set(role, await attachContracts(await connect(role), contracts));
    return {
      rpcUrl,
      chainId,
      contracts,
      accounts,
      devChain,
      as: (role) => clients.get(role)!,
      increaseTime: (seconds) => devChain.increaseTime(seconds),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
