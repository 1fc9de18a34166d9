export * from './chain/index.ts';
export * from './devnet-error.ts';
export * from './network/index.ts';
