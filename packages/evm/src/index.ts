export { inferenceChannelsAbi } from './artifacts/inference-channels.ts';
export { modelRegistryAbi } from './artifacts/model-registry.ts';
export * from './chain-client.ts';
export * from './channel-events.ts';
export * from './channel-reads.ts';
export * from './channel-values.ts';
export * from './channel-writes.ts';
export * from './contracts.ts';
export * from './evm-error.ts';
export * from './registry-reads.ts';
export * from './registry-writes.ts';
export {
  type CallOptions,
  type SentTransaction,
  sendTransaction,
  type Transaction,
  transfer,
} from './send.ts';
export * from './watch-close-started.ts';
