export * from './development-beacon.ts';
export * from './sparse-tree.ts';
export * from './sync-committee-keys.ts';
