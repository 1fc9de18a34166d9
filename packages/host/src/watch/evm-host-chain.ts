import {
  closeChannel,
  type DcmlChain,
  EvmError,
  getBond,
  getChannel,
  getHost,
  getModel,
  listCloseStarted,
  listOpened,
} from '@dcml/evm';
import { HostError } from '../host-error.ts';
import type { ChannelEvent, HostChain } from './host-chain.ts';

async function asHostChain<Value>(task: Promise<Value>): Promise<Value> {
  try {
    return await task;
  } catch (cause) {
    if (!(cause instanceof EvmError)) throw cause;
    throw new HostError('HOST_CHAIN', cause.message, { cause, details: { reason: cause.code } });
  }
}

/** The registry knows no such model, or not this host for it. */
function isUnknown(error: unknown): boolean {
  const names: readonly unknown[] = ['ModelRegistryUnknownModel', 'ModelRegistryUnknownHost'];
  return error instanceof EvmError && names.includes(error.details['error']);
}

/** `HostChain` on @dcml/evm. The chain client needs the host's account. Throws `HOST_CONFIG` without one. */
export function createHostChain(chain: DcmlChain): HostChain {
  const host = chain.address;
  if (host === null) throw new HostError('HOST_CONFIG', 'the chain client has no account');
  return {
    chainId: chain.chainId,
    channelsContract: chain.contracts.channels,
    registryContract: chain.contracts.registry,
    host,
    getModelTerms: async (model, signal) => {
      try {
        const { owner, price } = await getModel(chain, model, { signal });
        // The contract opens channels with registered hosts only.
        await getHost(chain, model, host, { signal });
        return {
          owner,
          ownerPromptPerMTok: price.promptPerMTok,
          ownerCompletionPerMTok: price.completionPerMTok,
        };
      } catch (error) {
        if (isUnknown(error)) return null;
        return asHostChain(Promise.reject(error));
      }
    },
    getFreeBondWei: (signal) => asHostChain(getBond(chain, host, { signal })),
    getBlockNumber: async (signal) => {
      signal.throwIfAborted();
      try {
        return await chain.viem.getBlockNumber({ cacheTime: 0 });
      } catch (cause) {
        throw new HostError('HOST_CHAIN', 'the chain node gave no block number', { cause });
      }
    },
    getChannelEvents: async (fromBlock, toBlock, signal) => {
      const range = { host, fromBlock, toBlock };
      const opened = await asHostChain(listOpened(chain, range, { signal }));
      const started = await asHostChain(listCloseStarted(chain, range, { signal }));
      const events: ChannelEvent[] = opened.map(({ channelId, config }) => ({
        kind: 'opened',
        channelId,
        config,
      }));
      for (const { channelId, closesAt } of started)
        events.push({ kind: 'close-started', channelId, closesAt });
      return events;
    },
    getChannelStatus: async (id, signal) => (await asHostChain(getChannel(chain, id, { signal }))).status,
    closeByApproval: async (config, approval, signal) =>
      (await asHostChain(closeChannel(chain, config, approval, { signal }))).hash,
  };
}
