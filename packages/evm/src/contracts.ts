import { type Address, asAddress, type Hex } from '@dcml/core';
import { encodeDeployData } from 'viem';
import { inferenceChannelsAbi, inferenceChannelsBytecode } from './artifacts/inference-channels.ts';
import { modelRegistryAbi, modelRegistryBytecode } from './artifacts/model-registry.ts';
import type { ChainClient } from './chain-client.ts';
import { EvmError } from './evm-error.ts';
import { type CallOptions, read, sendTransaction } from './send.ts';

/** Where dcml's contracts live on one chain. */
export interface DcmlContracts {
  readonly registry: Address;
  readonly channels: Address;
}

/** A chain client that knows the contracts. */
export interface DcmlChain extends ChainClient {
  readonly contracts: DcmlContracts;
}

async function deploy(client: ChainClient, data: Hex, options?: CallOptions): Promise<Address> {
  const { receipt } = await sendTransaction(client, { to: null, data }, options);
  if (!receipt.contractAddress) throw new EvmError('EVM_ANSWER', 'a deployment has no contract address');
  return asAddress(receipt.contractAddress);
}

/** Deploys both contracts from the client's account. Throws as `sendTransaction`. */
export async function deployContracts(client: ChainClient, options?: CallOptions): Promise<DcmlContracts> {
  const registry = await deploy(
    client,
    encodeDeployData({ abi: modelRegistryAbi, bytecode: modelRegistryBytecode }),
    options,
  );
  const channels = await deploy(
    client,
    encodeDeployData({ abi: inferenceChannelsAbi, bytecode: inferenceChannelsBytecode, args: [registry] }),
    options,
  );
  return { registry, channels };
}

/** Ties a client to deployed contracts. Throws `EVM_NO_CONTRACT` unless both are there and belong together. */
export async function attachContracts(
  client: ChainClient,
  contracts: DcmlContracts,
  options?: CallOptions,
): Promise<DcmlChain> {
  for (const address of [contracts.registry, contracts.channels]) {
    const code = await read(client.viem.getCode({ address }), options);
    if (code === undefined || code === '0x') {
      throw new EvmError('EVM_NO_CONTRACT', `no contract at ${address} on chain ${client.chainId}`, {
        details: { address, chainId: client.chainId },
      });
    }
  }
  const registry = await read(
    client.viem.readContract({
      address: contracts.channels,
      abi: inferenceChannelsAbi,
      functionName: 'registry',
    }),
    options,
  );
  if (asAddress(registry) !== contracts.registry) {
    throw new EvmError('EVM_NO_CONTRACT', `the channels contract uses the registry ${registry}`, {
      details: { expected: contracts.registry, actual: registry },
    });
  }
  return { ...client, contracts };
}
