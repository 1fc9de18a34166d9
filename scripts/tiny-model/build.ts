import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { toHex } from '@dcml/core';
import { corpusFiles, corpusPath, readCorpus } from './corpus.ts';
import { tinyRecipe } from './recipe.ts';
import { trainModel } from './train.ts';
import { encodeGguf } from './write-gguf.ts';

// node scripts/tiny-model/build.ts [OUT]: trains the tiny model and writes model.gguf and PROVENANCE.json.
// DCML_TINY_STEPS shortens the training for trials.

const sha256 = (bytes: Uint8Array): string => toHex(createHash('sha256').update(bytes).digest());

/** One digest over files: `sha256  name` lines in the order given, as sha256sum prints them. */
function digestOfFiles(files: readonly (readonly [name: string, url: URL])[]): string {
  const lines = files.map(([name, url]) => `${sha256(readFileSync(url))}  ${name}\n`);
  return sha256(new TextEncoder().encode(lines.join('')));
}

const scripts = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.ts'))
  .sort();
const out = process.argv[2] ?? new URL('../../models/tiny', import.meta.url).pathname;
const recipe = { ...tinyRecipe, steps: Number(process.env['DCML_TINY_STEPS'] ?? tinyRecipe.steps) };

const started = performance.now();
const model = trainModel(readCorpus(), recipe, ({ step, loss }) => {
  if (step % 50 === 0)
    console.log(
      `step ${step} loss ${loss.toFixed(3)} after ${Math.round((performance.now() - started) / 1000)} s`,
    );
});
const gguf = encodeGguf(recipe.name, model.shape, model.weights, model.tokenizer);
mkdirSync(out, { recursive: true });
writeFileSync(`${out}/model.gguf`, gguf);
const provenance = {
  made_by: 'scripts/tiny-model/build.ts',
  scripts_sha256: digestOfFiles(scripts.map((name) => [name, new URL(name, import.meta.url)] as const)),
  corpus_sha256: digestOfFiles(corpusFiles.map((name) => [name, corpusPath(name)] as const)),
  node: process.version,
  architecture: process.arch,
  seed: recipe.seed,
  steps: recipe.steps,
  tokens_seen: model.tokensSeen,
  final_loss_nats: Number(model.finalLoss.toFixed(4)),
  training_seconds: Math.round((performance.now() - started) / 1000),
  size_bytes: gguf.length,
  sha256: sha256(gguf),
};
writeFileSync(`${out}/PROVENANCE.json`, `${JSON.stringify(provenance, null, 2)}\n`);
console.log(provenance);
