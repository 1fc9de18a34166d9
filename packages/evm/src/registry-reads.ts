import { type Address, asAddress, asModelHash, type Hex, type ModelHash } from '@dcml/core';
import { modelRegistryAbi } from './artifacts/model-registry.ts';
import { fromAbiSeconds } from './channel-values.ts';
import type { DcmlChain } from './contracts.ts';
import { type CallOptions, read } from './send.ts';

/** Prices in wei per million tokens. */
export interface TokenPrice {
  readonly promptPerMTok: bigint;
  readonly completionPerMTok: bigint;
}

export interface RegisteredModel {
  readonly model: ModelHash;
  readonly owner: Address;
  /** The owner's price, in force at the newest block. */
  readonly price: TokenPrice;
  /** An announced change, in force from `from` (Unix seconds). */
  readonly nextPrice: (TokenPrice & { readonly from: number }) | null;
  readonly uri: string;
  /** Accepted enclave images: SHA-256 of the dstack app compose. */
  readonly composeHashes: readonly Hex[];
}

export interface RegisteredHost {
  readonly host: Address;
  /** The host's part, on top of the owner's. Binding only through offers. */
  readonly price: TokenPrice;
  readonly endpoint: string;
}

interface AbiHost {
  readonly host: Hex;
  readonly hostPromptPerMTok: bigint;
  readonly hostCompletionPerMTok: bigint;
  readonly endpoint: string;
}

function fromAbiHost(entry: AbiHost): RegisteredHost {
  return {
    host: asAddress(entry.host),
    price: { promptPerMTok: entry.hostPromptPerMTok, completionPerMTok: entry.hostCompletionPerMTok },
    endpoint: entry.endpoint,
  };
}

/** A model's entry. Throws `EVM_REVERTED` (ModelRegistryUnknownModel). */
export async function getModel(
  chain: DcmlChain,
  model: ModelHash,
  options?: CallOptions,
): Promise<RegisteredModel> {
  const contract = { address: chain.contracts.registry, abi: modelRegistryAbi } as const;
  const entry = await read(
    chain.viem.readContract({ ...contract, functionName: 'getModel', args: [model] }),
    options,
  );
  const composeHashes = await read(
    chain.viem.readContract({ ...contract, functionName: 'composeHashes', args: [model] }),
    options,
  );
  const next = {
    promptPerMTok: entry.nextOwnerPromptPerMTok,
    completionPerMTok: entry.nextOwnerCompletionPerMTok,
    from: fromAbiSeconds(entry.nextPriceFrom),
  };
  return {
    model,
    owner: asAddress(entry.owner),
    price: { promptPerMTok: entry.ownerPromptPerMTok, completionPerMTok: entry.ownerCompletionPerMTok },
    nextPrice: next.from === 0 ? null : next,
    uri: entry.uri,
    composeHashes,
  };
}

/** Part of a list: at most `limit` entries from index `from`. */
export interface Page {
  readonly from?: number;
  /** Default 100. */
  readonly limit?: number;
}

async function readPage<Entry>(
  count: Promise<bigint>,
  page: Page,
  readEntry: (index: bigint) => Promise<Entry>,
  options?: CallOptions,
): Promise<Entry[]> {
  const from = BigInt(page.from ?? 0);
  const available = (await read(count, options)) - from;
  const size = available < BigInt(page.limit ?? 100) ? Number(available) : (page.limit ?? 100);
  const entries: Entry[] = [];
  for (let i = 0; i < size; i++) entries.push(await readEntry(from + BigInt(i)));
  return entries;
}

/** Registered models in order of registration. */
export function listModels(
  chain: DcmlChain,
  page: Page = {},
  options?: CallOptions,
): Promise<RegisteredModel[]> {
  const contract = { address: chain.contracts.registry, abi: modelRegistryAbi } as const;
  const count = chain.viem.readContract({ ...contract, functionName: 'modelCount' });
  return readPage(
    count,
    page,
    async (index) => {
      const model = chain.viem.readContract({ ...contract, functionName: 'modelAt', args: [index] });
      return getModel(chain, asModelHash(await read(model, options)), options);
    },
    options,
  );
}

/** A model's hosts; empty for an unknown model. */
export function listHosts(
  chain: DcmlChain,
  model: ModelHash,
  page: Page = {},
  options?: CallOptions,
): Promise<RegisteredHost[]> {
  const contract = { address: chain.contracts.registry, abi: modelRegistryAbi } as const;
  const count = chain.viem.readContract({ ...contract, functionName: 'hostCount', args: [model] });
  return readPage(
    count,
    page,
    async (index) => {
      const entry = chain.viem.readContract({ ...contract, functionName: 'hostAt', args: [model, index] });
      return fromAbiHost(await read(entry, options));
    },
    options,
  );
}

/** One host's entry for a model. Throws `EVM_REVERTED` (ModelRegistryUnknownHost). */
export async function getHost(
  chain: DcmlChain,
  model: ModelHash,
  host: Address,
  options?: CallOptions,
): Promise<RegisteredHost> {
  const entry = chain.viem.readContract({
    address: chain.contracts.registry,
    abi: modelRegistryAbi,
    functionName: 'getHost',
    args: [model, host],
  });
  return fromAbiHost(await read(entry, options));
}
