export * from './simulated-tpm.ts';
export * from './tpm-writer.ts';
