export { type HashedFile, type HashFileOptions, hashFile } from './hash-file.ts';
export { type HashedModel, type HashModelOptions, type HashProgress, hashModel } from './hash-model.ts';
export { readGgufFile } from './read-gguf-file.ts';
export { type ExpectedModel, verifyModel } from './verify-model.ts';
