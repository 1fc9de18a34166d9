import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asModelHash, concatBytes, encodeUtf8, sha256, toHex } from '@dcml/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashManifest, parseModelManifest } from '../src/index.ts';
import { type HashProgress, hashFile, hashModel, readGgufFile, verifyModel } from '../src/node/index.ts';
import { type SampleModel, sampleGguf } from './gguf-bytes.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-hash-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});
async function write(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

describe('hashModel', () => {
  it('gives a GGUF file the same identity under any name', async () => {
    const path = await write('one.gguf', sampleGguf());
    const first = await hashModel(path);
    await rename(path, join(directory, 'two.bin'));
    const second = await hashModel(join(directory, 'two.bin'));
    expect(second.modelHash).toBe(first.modelHash);
    expect(first.manifest.predicate.resources.map(({ name }) => name)).toEqual(['model.gguf']);
    expect(first.ggufHeaders.get('model.gguf')).toEqual(await readGgufFile(join(directory, 'two.bin')));
    expect(hashManifest(parseModelManifest(JSON.parse(JSON.stringify(first.manifest))))).toBe(
      first.modelHash,
    );
  });

  it('covers every file of a directory and reports bytes', async () => {
    await mkdir(join(directory, 'sub'));
    await write('config.json', '{}');
    await write('sub/weights.safetensors', new Uint8Array(3_000_000));
    const seen: HashProgress[] = [];
    const { manifest } = await hashModel(directory, { onProgress: (progress) => seen.push(progress) });
    expect(manifest.predicate.resources.map(({ name, size }) => [name, size])).toEqual([
      ['config.json', 2],
      ['sub/weights.safetensors', 3_000_000],
    ]);
    expect(seen.at(-1)).toEqual({ hashedBytes: 3_000_002, totalBytes: 3_000_002 });
  });

  it('counts the tensor directory and data as weights, and not the padding between them', async () => {
    const bytes = sampleGguf();
    const { header, components } = (await hashFile(await write('x', bytes))).gguf!;
    const { directoryOffset, directoryEnd, dataOffset } = header;
    const weights = concatBytes(bytes.subarray(directoryOffset, directoryEnd), bytes.subarray(dataOffset));
    expect(components.weights).toBe(toHex(sha256(weights)));
    expect(components.chat_template).toBe(
      toHex(sha256(encodeUtf8('{"tokenizer.chat_template":["string","{{ messages }}"]}'))),
    );
  });

  it('finds a header that spans many reads', async () => {
    const path = await write('long.gguf', sampleGguf({ template: 'x'.repeat(5_000_000) }));
    expect((await hashFile(path)).gguf?.header).toEqual(await readGgufFile(path));
  });

  it('refuses links, special names, empty directories and absent paths', async () => {
    await expect(hashModel(directory)).rejects.toMatchObject({ code: 'MODEL_FILES' });
    await expect(hashModel(join(directory, 'absent'))).rejects.toMatchObject({ code: 'MODEL_FILES' });
    await expect(hashModel('/dev/null')).rejects.toMatchObject({ code: 'MODEL_FILES' });
    await write('a', 'a');
    await symlink('/etc/passwd', join(directory, 'link'));
    await expect(hashModel(directory)).rejects.toMatchObject({ code: 'MODEL_FILES' });
    await rm(join(directory, 'link'));
    await write('A', 'a');
    await expect(hashModel(directory)).rejects.toMatchObject({ code: 'MODEL_MANIFEST' });
  });

  it('refuses a file that only starts like GGUF', async () => {
    const path = await write('x', encodeUtf8('GGUF and nothing more, whatever follows here'));
    await expect(hashModel(path)).rejects.toMatchObject({ code: 'MODEL_GGUF' });
  });

  it('notices a file that grows while it is read', async () => {
    const path = await write('x', new Uint8Array(3_000_000));
    let grown: Promise<void> | undefined;
    const onProgress = (): void => {
      grown ??= writeFile(path, 'more', { flag: 'a' });
    };
    await expect(hashModel(path, { onProgress })).rejects.toMatchObject({ code: 'MODEL_CHANGED' });
    await grown;
  });

  it('stops at the signal', async () => {
    const path = await write('x', new Uint8Array(3_000_000));
    const abort = new AbortController();
    const onProgress = (): void => abort.abort(new Error('enough'));
    await expect(hashModel(path, { onProgress, signal: abort.signal })).rejects.toThrow('enough');
  });
});

describe('verifyModel', () => {
  const parts: [string, SampleModel][] = [
    ['weights', { weight: 2 }],
    ['tokenizer', { token: 'b' }],
    ['chat_template', { template: '{{ evil }}' }],
    ['configuration', { layers: 3 }],
    ['quantization', { fileType: 1 }],
    ['description', { title: 'other' }],
  ];
  it.each(parts)('names a changed part: %s', async (part, change) => {
    const good = await hashModel(await write('good', sampleGguf()));
    const bad = await write('bad', sampleGguf(change));
    await expect(verifyModel(bad, good)).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      details: { differs: [`${part} of model.gguf`], expected: good.modelHash },
    });
  });

  it('right image, wrong weights: any changed byte of the file is refused', async () => {
    const bytes = sampleGguf();
    const good = await hashModel(await write('good', bytes));
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Uint8Array.from(bytes);
      changed[at] = changed[at]! ^ 1;
      const path = await write('bad', changed);
      const error = await verifyModel(path, good).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: expect.stringMatching(/^MODEL_(MISMATCH|GGUF|GGUF_LIMIT)$/) });
    }
  });

  it('accepts the model and needs no manifest for it', async () => {
    const path = await write('good', sampleGguf());
    const { modelHash } = await hashModel(path);
    expect((await verifyModel(path, { modelHash })).modelHash).toBe(modelHash);
    const other = asModelHash(`0x${'11'.repeat(32)}`);
    await expect(verifyModel(path, { modelHash: other })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      details: { differs: [] },
    });
  });

  it('refuses a manifest that does not have the expected hash', async () => {
    const path = await write('good', sampleGguf());
    const { manifest } = await hashModel(path);
    const modelHash = asModelHash(`0x${'11'.repeat(32)}`);
    await expect(verifyModel(path, { modelHash, manifest })).rejects.toMatchObject({
      code: 'MODEL_MANIFEST',
    });
  });
});
