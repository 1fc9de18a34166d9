export { createNodeTransportCrypto } from './node-transport-crypto.ts';
