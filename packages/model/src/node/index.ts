export { digestFile, type HashedFile, hashFile } from './hash-file.ts';
export { type HashedModel, type HashModelOptions, type HashProgress, hashModel } from './hash-model.ts';
export { freeBytesOfDisk } from './pull/disk.ts';
export type { PullProgress } from './pull/pull-context.ts';
export { type PulledModel, type PullOptions, pullModel } from './pull/pull-model.ts';
export type { ProgramResult, RunProgram } from './pull/run-program.ts';
export { readGgufFile } from './read-gguf-file.ts';
export { type TinyFallback, tinyFallback, tinyModelPath } from './tiny-model.ts';
export { type ExpectedModel, verifyModel } from './verify-model.ts';
