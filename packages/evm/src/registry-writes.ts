import type { Hex, ModelHash } from '@dcml/core';
import { encodeFunctionData } from 'viem';
import { modelRegistryAbi as abi } from './artifacts/model-registry.ts';
import type { DcmlChain } from './contracts.ts';
import type { TokenPrice } from './registry-reads.ts';
import { type CallOptions, type SentTransaction, sendTransaction } from './send.ts';

export interface ModelRegistration {
  readonly model: ModelHash;
  readonly price: TokenPrice;
  /** Accepted enclave images: SHA-256 of the dstack app compose. */
  readonly composeHashes: readonly Hex[];
  readonly uri: string;
}

export interface HostRegistration {
  readonly model: ModelHash;
  readonly price: TokenPrice;
  readonly endpoint: string;
}

function sendToRegistry(chain: DcmlChain, data: Hex, options?: CallOptions): Promise<SentTransaction> {
  return sendTransaction(chain, { to: chain.contracts.registry, data }, options);
}

/** Registers a model; the sender owns it. All functions here throw as `sendTransaction`. */
export function registerModel(
  chain: DcmlChain,
  { model, price, composeHashes, uri }: ModelRegistration,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, price.promptPerMTok, price.completionPerMTok, composeHashes, uri] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'registerModel', args }), options);
}

/** Announces a price, in force after the contract's notice period for channels opened from then on. */
export function announcePrice(
  chain: DcmlChain,
  model: ModelHash,
  price: TokenPrice,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, price.promptPerMTok, price.completionPerMTok] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'announcePrice', args }), options);
}

/** Changes where a model's files are found. */
export function setModelUri(
  chain: DcmlChain,
  model: ModelHash,
  uri: string,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, uri] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'setModelUri', args }), options);
}

/** Accepts one more enclave image. */
export function addComposeHash(
  chain: DcmlChain,
  model: ModelHash,
  composeHash: Hex,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, composeHash] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'addComposeHash', args }), options);
}

/** Stops accepting an enclave image. */
export function removeComposeHash(
  chain: DcmlChain,
  model: ModelHash,
  composeHash: Hex,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, composeHash] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'removeComposeHash', args }), options);
}

/** Registers the sender as a host of a model. */
export function registerHost(
  chain: DcmlChain,
  { model, price, endpoint }: HostRegistration,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, price.promptPerMTok, price.completionPerMTok, endpoint] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'registerHost', args }), options);
}

/** Replaces the sender's entry as a host. */
export function updateHost(
  chain: DcmlChain,
  { model, price, endpoint }: HostRegistration,
  options?: CallOptions,
): Promise<SentTransaction> {
  const args = [model, price.promptPerMTok, price.completionPerMTok, endpoint] as const;
  return sendToRegistry(chain, encodeFunctionData({ abi, functionName: 'updateHost', args }), options);
}

/** Takes the sender off a model's hosts. */
export function removeHost(
  chain: DcmlChain,
  model: ModelHash,
  options?: CallOptions,
): Promise<SentTransaction> {
  return sendToRegistry(
    chain,
    encodeFunctionData({ abi, functionName: 'removeHost', args: [model] }),
    options,
  );
}
