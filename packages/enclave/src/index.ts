export * from './enclave-error.ts';
export type * from './engine/engine.ts';
export * from './engine/engine-error.ts';
export type * from './evidence/evidence-source.ts';
export type { DeviceSettings, PlatformSettings } from './evidence/platform-settings.ts';
export { type Log, type LogField, stderrLog } from './log.ts';
export { type EnclaveSettings, type EngineSettings, parseEnclaveSettings } from './settings.ts';
export { type EnclavePorts, type RunningEnclave, startEnclave } from './start-enclave.ts';
