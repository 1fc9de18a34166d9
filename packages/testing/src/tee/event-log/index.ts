export * from './event-log-writer.ts';
export * from './simulated-boot.ts';
