export { NetworkError, networkErrors } from './network-error.ts';
export { encodeNetworkInfo, type NetworkInfo } from './run-file.ts';
export { findNetwork, stopNetwork } from './stop-network.ts';
