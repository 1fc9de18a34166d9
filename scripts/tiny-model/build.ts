import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCorpus } from './corpus.ts';
import { digestOfCorpus, digestOfScripts, type Provenance, sha256Hex } from './provenance.ts';
import { tinyRecipe } from './recipe.ts';
import { trainModel } from './train.ts';
import { encodeGguf } from './write-gguf.ts';

// node scripts/tiny-model/build.ts [OUT]: trains the tiny model and writes model.gguf and PROVENANCE.json to OUT
// (default: models/tiny). DCML_TINY_STEPS shortens the training for trials. The steps are part of the provenance.

const out = process.argv[2] ?? fileURLToPath(new URL('../../models/tiny', import.meta.url));
const recipe = { ...tinyRecipe, steps: Number(process.env['DCML_TINY_STEPS'] ?? tinyRecipe.steps) };
const started = performance.now();
const seconds = (): number => Math.round((performance.now() - started) / 1000);

const model = trainModel(readCorpus(), recipe, ({ step, loss }) => {
  if (step % 50 === 0) console.log(`step ${step} loss ${loss.toFixed(3)} after ${seconds()} s`);
});
const gguf = encodeGguf(recipe.name, model.shape, model.weights, model.tokenizer);
const provenance: Provenance = {
  made_by: 'scripts/tiny-model/build.ts',
  scripts_sha256: digestOfScripts(),
  corpus_sha256: digestOfCorpus(),
  node: process.version,
  architecture: process.arch,
  seed: recipe.seed,
  steps: recipe.steps,
  tokens_seen: model.tokensSeen,
  final_loss_nats: Number(model.finalLoss.toFixed(4)),
  training_seconds: seconds(),
  size_bytes: gguf.length,
  sha256: sha256Hex(gguf),
};
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'model.gguf'), gguf);
writeFileSync(join(out, 'PROVENANCE.json'), `${JSON.stringify(provenance, null, 2)}\n`);
console.log(provenance);
