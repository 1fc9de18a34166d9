import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeUtf8, toHex } from '@dcml/core';
import { corpusFiles, corpusPath } from './corpus.ts';

/** The code that decides the bytes of the model; what only builds, reads or tests it is left out. */
const trainingScripts = [
  'adam.ts',
  'attention.ts',
  'backward.ts',
  'byte-alphabet.ts',
  'chat-template.ts',
  'corpus.ts',
  'forward.ts',
  'initialize.ts',
  'layers.ts',
  'matrix.ts',
  'model-shape.ts',
  'random.ts',
  'recipe.ts',
  'render-chat.ts',
  'tokenizer.ts',
  'train-bpe.ts',
  'train.ts',
  'write-gguf.ts',
] as const;

/** What `models/tiny/PROVENANCE.json` says. */
export interface Provenance {
  readonly made_by: string;
  readonly scripts_sha256: string;
  readonly corpus_sha256: string;
  readonly node: string;
  readonly architecture: string;
  readonly seed: number;
  readonly steps: number;
  readonly tokens_seen: number;
  readonly final_loss_nats: number;
  readonly training_seconds: number;
  readonly size_bytes: number;
  readonly sha256: string;
}

export const sha256Hex = (bytes: Uint8Array): string => toHex(createHash('sha256').update(bytes).digest());

/** One digest over files: that of their `sha256  name` lines, as sha256sum prints them. */
function digestOfFiles(files: readonly (readonly [name: string, url: URL])[]): string {
  const lines = files.map(([name, url]) => `${sha256Hex(readFileSync(url))}  ${name}\n`);
  return sha256Hex(encodeUtf8(lines.join('')));
}

export function digestOfScripts(): string {
  return digestOfFiles(trainingScripts.map((name) => [name, new URL(name, import.meta.url)] as const));
}

export function digestOfCorpus(): string {
  return digestOfFiles(corpusFiles.map((name) => [name, corpusPath(name)] as const));
}
