export { createNodePlatform } from './node-platform.ts';
export { createPinnedTransport, type PinnedTransportOptions } from './pinned-transport.ts';
export { openSqliteClientStore, type SqliteClientStoreOptions } from './sqlite-client-store.ts';
