export * from './mutate-bytes.ts';
export * from './mutate-evidence.ts';
export * from './seeded-choice.ts';
export * from './try-mutations.ts';
