export * from './chain/index.ts';
export * from './devnet-error.ts';
