export * from './tee/index.ts';
