export * from './evidence.ts';
export * from './policy.ts';
export * from './verdict.ts';
