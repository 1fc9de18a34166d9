import type { Hex, ModelHash } from '@dcml/core';
import {
  addComposeHash,
  type DcmlChain,
  depositBond,
  EvmError,
  getBond,
  getModel,
  listHosts,
  type RegisteredModel,
  registerHost,
  registerModel,
  type TokenPrice,
  updateHost,
} from '@dcml/evm';

/** What must be on chain before anybody can open a channel. */
export interface Market {
  readonly model: ModelHash;
  /** SHA-256 of the application compose that enclaves of this network run. */
  readonly composeHash: Hex;
  readonly ownerPrice: TokenPrice;
  readonly hostPrice: TokenPrice;
  /** Where the host answers. */
  readonly endpoint: string;
  /** The host's free bond is filled up to this. */
  readonly bondWei: bigint;
}

async function findModel(chain: DcmlChain, model: ModelHash): Promise<RegisteredModel | undefined> {
  try {
    return await getModel(chain, model);
  } catch (error) {
    if (error instanceof EvmError && error.details['error'] === 'ModelRegistryUnknownModel') return undefined;
    throw error;
  }
}

async function prepareModel(creator: DcmlChain, market: Market, signal: AbortSignal): Promise<void> {
  const { model, composeHash, ownerPrice } = market;
  const registered = await findModel(creator, model);
  if (registered === undefined) {
    await registerModel(
      creator,
      { model, price: ownerPrice, composeHashes: [composeHash], uri: '' },
      { signal },
    );
  } else if (!registered.composeHashes.includes(composeHash)) {
    await addComposeHash(creator, model, composeHash, { signal });
  }
}

async function prepareHost(host: DcmlChain, market: Market, signal: AbortSignal): Promise<void> {
  const { model, hostPrice, endpoint, bondWei } = market;
  const entry = (await listHosts(host, model)).find((found) => found.host === host.address);
  const registration = { model, price: hostPrice, endpoint };
  if (entry === undefined) await registerHost(host, registration, { signal });
  else if (entry.endpoint !== endpoint) await updateHost(host, registration, { signal });
  if (host.address === null) return;
  const bond = await getBond(host, host.address);
  if (bond < bondWei) await depositBond(host, bondWei - bond, { signal });
}

/** The creator registers the model, the host registers and fills its bond; what is there already stays. */
export async function prepareMarket(
  chains: { readonly creator: DcmlChain; readonly host: DcmlChain },
  market: Market,
  signal: AbortSignal,
): Promise<void> {
  await prepareModel(chains.creator, market, signal);
  await prepareHost(chains.host, market, signal);
}
