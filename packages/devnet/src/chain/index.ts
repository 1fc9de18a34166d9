export * from './dev-accounts.ts';
export * from './dev-chain.ts';
export * from './dev-contracts.ts';
export * from './test-chain.ts';
