export * from './evidence-source-conformance.ts';
export * from './swtpm.ts';
