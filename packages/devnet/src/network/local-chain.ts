import { attachContracts, createChainClient, type DcmlChain, type DcmlContracts, getCoins } from '@dcml/evm';
import { type DevAccount, loadDevAccounts } from '../chain/dev-accounts.ts';
import { type DevChain, startDevChain } from '../chain/dev-chain.ts';
import { deployDevContracts } from '../chain/dev-contracts.ts';
import { NetworkError } from './network-error.ts';

const roles = ['creator', 'host', 'user'] as const;
type Role = (typeof roles)[number];

/** Coins that each account starts with. */
const FUNDS_WEI = 1000n * 10n ** 18n;

/** The chain of a network with contracts and funded accounts, as it was when this home ran last. */
export interface LocalChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** Of the node. */
  readonly pid: number;
  readonly contracts: DcmlContracts;
  readonly accounts: Readonly<Record<Role, DevAccount>>;
  readonly creator: DcmlChain;
  readonly host: DcmlChain;
  /** Rejects with `NETWORK_CHILD_DIED` when the node ends by itself. */
  readonly died: Promise<never>;
  close(): Promise<void>;
}

async function populate(
  chain: DevChain,
  directory: string,
  signal: AbortSignal,
): Promise<Pick<LocalChain, 'accounts' | 'contracts' | 'creator' | 'host'>> {
  const { rpcUrl, chainId } = chain;
  const accounts = await loadDevAccounts(directory, roles);
  const connect = (role: Role): ReturnType<typeof createChainClient> =>
    createChainClient({ rpcUrl, chainId, account: accounts[role].privateKey, pollMs: 20 });
  const creatorClient = await connect('creator');
  for (const role of roles) {
    const { address } = accounts[role];
    if ((await getCoins(creatorClient as DcmlChain, address, { signal })) === 0n) {
      await chain.setBalance(address, FUNDS_WEI);
    }
  }
  const creator = await deployDevContracts(creatorClient, directory);
  const host = await attachContracts(await connect('host'), creator.contracts, { signal });
  return { accounts, contracts: creator.contracts, creator, host };
}

/** Starts or continues the chain below `directory`. Throws `DEVNET_*` and `EVM_*`; then nothing runs. */
export async function startLocalChain(
  directory: string,
  port: number,
  signal: AbortSignal,
): Promise<LocalChain> {
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => {});
  const chain = await startDevChain({
    dataDir: directory,
    port,
    // Closed by us, after those who still write to it.
    signal: new AbortController().signal,
    onExit: (reason) => {
      const details = { child: 'chain' };
      died.reject(new NetworkError('NETWORK_CHILD_DIED', `chain ended: ${reason}`, { details }));
    },
  });
  try {
    const { rpcUrl, chainId, pid } = chain;
    const content = await populate(chain, directory, signal);
    return { rpcUrl, chainId, pid, ...content, died: died.promise, close: () => chain.close() };
  } catch (error) {
    await chain.close();
    throw error;
  }
}
