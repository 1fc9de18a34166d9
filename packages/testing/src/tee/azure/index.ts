export * from './hcl-report-writer.ts';
export * from './simulated-azure.ts';
export * from './td-report-writer.ts';
