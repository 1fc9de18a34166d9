import {
  type ChannelConfig,
  type ChannelDigests,
  type Offer,
  type PriceTerms,
  type SignedOffer,
  ZERO_ADDRESS,
} from '@dcml/channel';
import type { Clock, ModelHash } from '@dcml/core';
import { HostError } from '../host-error.ts';
import type { HostStore } from '../store/host-store.ts';
import type { HostChain, ModelTerms } from '../watch/host-chain.ts';
import type { ServedModel } from './served-model.ts';

export interface OfferDeskOptions {
  readonly store: HostStore;
  readonly chain: HostChain;
  readonly digests: ChannelDigests;
  readonly models: readonly ServedModel[];
  readonly closeWindowSeconds: number;
  readonly offerLifetimeSeconds: number;
  readonly clock: Clock;
  /** Signs under the host's account. */
  sign(offer: Offer): SignedOffer;
}

/** The whole price of a model here: the owner's terms in force and the host's own price. */
export function priceOf(terms: ModelTerms, served: ServedModel): PriceTerms {
  return {
    ownerPromptPerMTok: terms.ownerPromptPerMTok,
    ownerCompletionPerMTok: terms.ownerCompletionPerMTok,
    hostPromptPerMTok: served.hostPromptPerMTok,
    hostCompletionPerMTok: served.hostCompletionPerMTok,
  };
}

function samePrice(a: PriceTerms, b: PriceTerms): boolean {
  return (
    a.ownerPromptPerMTok === b.ownerPromptPerMTok &&
    a.ownerCompletionPerMTok === b.ownerCompletionPerMTok &&
    a.hostPromptPerMTok === b.hostPromptPerMTok &&
    a.hostCompletionPerMTok === b.hostCompletionPerMTok
  );
}

function assertTerms(config: ChannelConfig, options: OfferDeskOptions): void {
  const { chain, closeWindowSeconds } = options;
  if (config.host !== chain.host) throw new HostError('HOST_OFFER_TERMS', `this host is ${chain.host}`);
  if (config.token !== ZERO_ADDRESS)
    throw new HostError('HOST_OFFER_TERMS', "this host takes the chain's coin only");
  if (config.closeWindowSeconds !== closeWindowSeconds) {
    throw new HostError(
      'HOST_OFFER_TERMS',
      `this host takes a close window of ${closeWindowSeconds} seconds`,
    );
  }
}

function servedModel(model: ModelHash, options: OfferDeskOptions): ServedModel {
  const served = options.models.find((entry) => entry.model === model);
  if (served === undefined) throw new HostError('HOST_OFFER_MODEL', `this host does not serve ${model}`);
  return served;
}

function assertEnclave(config: ChannelConfig, store: HostStore): void {
  const enclave = store.getRunningEnclave();
  if (enclave === null || enclave.enclaveKey !== config.enclaveKey) {
    throw new HostError('HOST_OFFER_ENCLAVE', `${config.enclaveKey} is not the running enclave of this host`);
  }
  if (!enclave.models.includes(config.model)) {
    throw new HostError('HOST_OFFER_MODEL', `the running enclave does not serve ${config.model}`);
  }
}

/**
 * Agrees to lock a bond equal to the deposit for one channel. The offer is on disk before it is returned.
 * Throws `HOST_OFFER_*`, `HOST_CHAIN`, `HOST_STORE`.
 */
export async function makeOffer(
  config: ChannelConfig,
  depositWei: bigint,
  options: OfferDeskOptions,
  signal: AbortSignal,
): Promise<SignedOffer> {
  const { store, chain, digests, clock } = options;
  assertTerms(config, options);
  const served = servedModel(config.model, options);
  assertEnclave(config, store);
  if (depositWei <= 0n || depositWei > served.maxDepositWei) {
    throw new HostError('HOST_OFFER_DEPOSIT', `the deposit is not from 1 to ${served.maxDepositWei} wei`);
  }
  const terms = await chain.getModelTerms(config.model, signal);
  if (terms === null) throw new HostError('HOST_OFFER_MODEL', `${config.model} is not registered on chain`);
  if (config.owner !== terms.owner || !samePrice(config.price, priceOf(terms, served))) {
    throw new HostError('HOST_OFFER_PRICE', 'the price or the owner differs from the terms in force');
  }
  const freeBondWei = await chain.getFreeBondWei(signal);
  const now = Math.floor(clock.now() / 1000);
  const offer = options.sign({
    channelId: digests.channelId(config),
    maxDepositWei: depositWei,
    expiresAt: now + options.offerLifetimeSeconds,
  });
  const reserved = await store.reserveOffer({ config, freeBondWei, now, offer });
  if (reserved.outcome === 'no-bond') {
    throw new HostError('HOST_OFFER_BOND', 'the free bond does not cover this deposit', {
      details: { free: freeBondWei.toString(), outstanding: reserved.outstandingWei.toString() },
    });
  }
  return reserved.offer;
}
