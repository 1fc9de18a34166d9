import type { JsonObject } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareManifests,
  createModelManifest,
  hashManifest,
  type ModelManifest,
  type ModelResource,
  parseModelManifest,
} from '../src/index.ts';

const file = (name: string, change: Partial<ModelResource> = {}): ModelResource => ({
  name,
  algorithm: 'sha256',
  digest: '00'.repeat(32),
  size: 1,
  ...change,
});
const gguf = {
  weights: '01'.repeat(32),
  tokenizer: '02'.repeat(32),
  chat_template: '03'.repeat(32),
  configuration: '04'.repeat(32),
  quantization: '05'.repeat(32),
  description: '06'.repeat(32),
};
const asJson = (manifest: ModelManifest): JsonObject => manifest as unknown as JsonObject;

// Files `a.txt` = "one", `a/b.bin` = "two", `config.json` = "{}": statement signed by model-signing 1.1.1 (PyPI), whose
// verifier also accepted this package's manifest of the same directory.
const signed = [
  file('config.json', {
    digest: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    size: 2,
  }),
  file('a.txt', { digest: '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', size: 3 }),
  file('a/b.bin', { digest: '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3', size: 3 }),
];
const signedRoot = 'e620499c3d17c2605c9b8861dc5da51747df45ed64318f920f16ba2d8224c7e1';

describe('createModelManifest', () => {
  it('has the order and the root digest of OpenSSF model signing', () => {
    const manifest = createModelManifest(signed);
    expect(manifest.predicate.resources.map(({ name }) => name)).toEqual(['a/b.bin', 'a.txt', 'config.json']);
    expect(manifest.subject[0].digest.sha256).toBe(signedRoot);
    expect(hashManifest(manifest)).toBe('0x2c64f3b3cc1c42bbee57514f12e92b87f60602175484bf84d0ca113d3c0b19e0');
  });

  it('does not depend on the order in which files are found', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(signed, { minLength: 3 }), (files) => {
        expect(createModelManifest(files)).toEqual(createModelManifest(signed));
      }),
    );
  });

  it.each([
    ['escaping', ['../a']],
    ['absolute', ['/a']],
    ['dotted', ['a/./b']],
    ['empty', ['']],
    ['with an empty segment', ['a//b']],
    ['with a backslash', ['a\\b']],
    ['with a drive', ['C:a']],
    ['with a control character', ['a\u0000']],
    ['with a decomposed letter', ['e\u0301']],
    ['with a lone surrogate', ['a\ud800']],
    ['with too long a name', ['a'.repeat(256)]],
    ['given twice', ['a', 'a']],
    ['twins in case', ['A', 'a']],
    ['twins in compatibility', ['\ufb01', 'fi']],
    ['both file and directory', ['a', 'a/b']],
  ])('refuses paths %s', (_, names) => {
    expect(() => createModelManifest(names.map((name) => file(name)))).toThrow(
      expect.objectContaining({ code: 'MODEL_MANIFEST' }),
    );
  });

  it('refuses zero files', () => {
    expect(() => createModelManifest([])).toThrow(expect.objectContaining({ code: 'MODEL_MANIFEST' }));
  });
});

describe('parseModelManifest', () => {
  const json = (name: string): JsonObject => ({ ...file(name) }) as unknown as JsonObject;
  const manifest = createModelManifest([file('a'), file('model.gguf', { gguf })]);

  it('gives back what createModelManifest made', () => {
    expect(parseModelManifest(asJson(manifest))).toEqual(manifest);
  });

  const firstFile = (change: JsonObject): JsonObject => ({
    resources: [{ ...json('a'), ...change }, json('b')],
  });
  const statement = (change: JsonObject, predicate: JsonObject = {}): JsonObject => {
    const plain = asJson(createModelManifest([file('a'), file('b')]));
    return { ...plain, ...change, predicate: { ...(plain['predicate'] as JsonObject), ...predicate } };
  };

  it.each([
    ['another root digest', statement({ subject: [{ name: 'model', digest: { sha256: 'ff'.repeat(32) } }] })],
    ['another predicate type', statement({ predicateType: 'x' })],
    ['an unknown field', statement({ extra: 1 })],
    ['symbolic links', statement({}, { serialization: { method: 'files', allow_symlinks: true } })],
    ['an unknown field of a file', statement({}, firstFile({ extra: 1 }))],
    ['a size of 2^53', statement({}, firstFile({ size: 2 ** 53 }))],
    ['a negative size', statement({}, firstFile({ size: -1 }))],
    ['a capital digest', statement({}, firstFile({ digest: 'AA'.repeat(32) }))],
    ['another algorithm', statement({}, firstFile({ algorithm: 'md5' }))],
    ['an escaping path', statement({}, firstFile({ name: '../a' }))],
    ['files out of order', statement({}, { resources: [json('b'), json('a')] })],
    ['zero files', statement({}, { resources: [] })],
    ['a missing part', statement({}, firstFile({ gguf: { weights: '01'.repeat(32) } }))],
    ['no object', []],
  ])('refuses %s', (_, given) => {
    expect(() => parseModelManifest(given)).toThrow(expect.objectContaining({ code: 'MODEL_MANIFEST' }));
  });
});

describe('compareManifests', () => {
  const expected = createModelManifest([file('a'), file('model.gguf', { gguf })]);
  const changed = (digest: string, parts: Partial<typeof gguf>): ModelManifest =>
    createModelManifest([file('a'), file('model.gguf', { digest, gguf: { ...gguf, ...parts } })]);

  it('finds nothing in equal manifests', () => {
    expect(compareManifests(expected, expected)).toEqual([]);
  });

  it('names the parts of a GGUF file', () => {
    const ff = 'ff'.repeat(32);
    expect(compareManifests(expected, changed(ff, { weights: ff }))).toEqual(['weights of model.gguf']);
    expect(compareManifests(expected, changed(ff, { tokenizer: ff, chat_template: ff }))).toEqual([
      'tokenizer of model.gguf',
      'chat_template of model.gguf',
    ]);
    expect(compareManifests(expected, changed(ff, {}))).toEqual(['layout of model.gguf']);
  });

  it('names other files', () => {
    const actual = createModelManifest([file('a', { digest: 'ff'.repeat(32) }), file('b')]);
    expect(compareManifests(expected, actual)).toEqual(['file a', 'missing model.gguf', 'unexpected b']);
  });
});
