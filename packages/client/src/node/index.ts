export { createNodePlatform } from './node-platform.ts';
export { createPinnedTransport, type PinnedTransportOptions } from './pinned-transport.ts';
export { type ProxyOptions, type RunningProxy, startProxy } from './proxy/start-proxy.ts';
export { encodeSessionStatus } from './proxy/status-json.ts';
export { openSqliteClientStore, type SqliteClientStoreOptions } from './sqlite-client-store.ts';
