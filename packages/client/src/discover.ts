import type { PriceTerms } from '@dcml/channel';
import type { Address, ModelHash } from '@dcml/core';
import { type DcmlChain, listHosts, listModels } from '@dcml/evm';

export interface DiscoveredHost {
  readonly host: Address;
  /** Where the host daemon answers; `connectEnclave` takes it as `hostUrl`. */
  readonly hostUrl: string;
  /** Owner and host together; binding only once the host offers. */
  readonly price: PriceTerms;
}

export interface DiscoveredModel {
  readonly model: ModelHash;
  readonly owner: Address;
  readonly uri: string;
  /** Enclave images that the creator accepts: lowercase hex. */
  readonly composeHashes: readonly string[];
  readonly hosts: readonly DiscoveredHost[];
}

/** What the chain says is on offer (design step 1). Throws `EvmError`. */
export async function discover(chain: DcmlChain, signal: AbortSignal): Promise<readonly DiscoveredModel[]> {
  const models = await listModels(chain, {}, { signal });
  return Promise.all(
    models.map(async ({ model, owner, uri, price, composeHashes }) => {
      const hosts = await listHosts(chain, model, {}, { signal });
      return {
        model,
        owner,
        uri,
        composeHashes: composeHashes.map((hash) => hash.slice(2)),
        hosts: hosts.map((entry) => ({
          host: entry.host,
          hostUrl: entry.endpoint,
          price: {
            ownerPromptPerMTok: price.promptPerMTok,
            ownerCompletionPerMTok: price.completionPerMTok,
            hostPromptPerMTok: entry.price.promptPerMTok,
            hostCompletionPerMTok: entry.price.completionPerMTok,
          },
        })),
      };
    }),
  );
}
