import { stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { describeSource, findCatalogueModel, ggufFacts, modelCatalogue } from '../src/index.ts';
import { hashModel, tinyModelPath } from '../src/node/index.ts';

it('the tiny model is the one that the catalogue pins, and small', async () => {
  const tiny = findCatalogueModel('tiny');
  const { manifest, modelHash, ggufHeaders } = await hashModel(tinyModelPath());
  const [file] = manifest.predicate.resources;
  expect(file).toMatchObject({ digest: tiny.sha256, size: tiny.sizeBytes });
  expect(modelHash).toBe(tiny.modelHash);
  expect(ggufFacts(ggufHeaders.get('model.gguf')!).contextTokens).toBe(tiny.contextTokens);
  expect((await stat(tinyModelPath())).size).toBeLessThanOrEqual(3 * 1024 * 1024);
});

it('names are unique and every source says where it is', () => {
  expect(new Set(modelCatalogue.map(({ name }) => name)).size).toBe(modelCatalogue.length);
  for (const source of modelCatalogue.flatMap(({ sources }) => sources)) {
    expect(describeSource(source)).toMatch(/./);
  }
});

it('knows no other name: MODEL_UNKNOWN', () => {
  expect(() => findCatalogueModel('../tiny')).toThrow(expect.objectContaining({ code: 'MODEL_UNKNOWN' }));
});
