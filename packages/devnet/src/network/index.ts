export { NetworkError, networkErrors } from './network-error.ts';
export { networkPaths } from './network-paths.ts';
export { encodeNetworkInfo, type NetworkInfo } from './run-file.ts';
export { type NetworkModel, type PolicyFacts, startNetwork } from './start-network.ts';
export { findNetwork, stopNetwork } from './stop-network.ts';
