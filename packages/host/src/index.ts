export { type HostConfig, type HostPorts, type RunningHost, startHost } from './host.ts';
export { HostError, hostErrors } from './host-error.ts';
export { createJsonLog, type Log, type LogFields, type LogLevel, silentLog } from './log.ts';
export type { ServedModel } from './public/served-model.ts';
export type * from './store/host-store.ts';
export { openHostStore } from './store/sqlite-host-store.ts';
export { createHostChain } from './watch/evm-host-chain.ts';
export type { ChannelEvent, HostChain, ModelTerms } from './watch/host-chain.ts';
