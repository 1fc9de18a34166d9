export * from './amd-extension-writer.ts';
export * from './amd-tcb-writer.ts';
export * from './simulated-amd-vendor.ts';
export * from './simulated-snp-collateral.ts';
export * from './simulated-snp-report.ts';
export * from './snp-report-writer.ts';
