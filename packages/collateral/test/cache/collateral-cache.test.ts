import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeUtf8 } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { openCollateralCache } from '../../src/index.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { contentOf } from './cached-content.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('collateral cache', () => {
  it('gives back what was stored, under its hash, to this and to another process', async () => {
    const directory = temporaryDirectory();
    const cache = await openCollateralCache(directory);
    expect(await cache.read('key')).toEqual({ state: 'absent' });
    const sha256 = await cache.store('key', [1, 2], encodeUtf8('abc'));
    // FIPS 180-2, appendix B.1.
    expect(sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    for (const opened of [cache, await openCollateralCache(directory)]) {
      const reading = await opened.read('key');
      expect(reading).toMatchObject({ state: 'present', order: [1, 2], sha256 });
    }
    expect(readdirSync(join(directory, 'temporary'))).toEqual([]);
  });

  it('refuses an older document and keeps the newer one', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    await cache.store('key', [17, 500], encodeUtf8('new'));
    for (const older of [[17, 499], [16, 900], [17]]) {
      const refused = cache.store('key', older, encodeUtf8('old'));
      await expect(refused).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
    }
    expect(await cache.read('key')).toMatchObject({ bytes: Buffer.from('new') });
    await cache.store('key', [17, 500], encodeUtf8('same age'));
    await cache.store('key', [18, 1], encodeUtf8('newer'));
    expect(await cache.read('key')).toMatchObject({ bytes: Buffer.from('newer'), order: [18, 1] });
  });

  it('an object that changed is not given back, and its age still counts', async () => {
    const directory = temporaryDirectory();
    const cache = await openCollateralCache(directory);
    const sha256 = await cache.store('key', [5], encodeUtf8('content'));
    const object = join(directory, 'objects', sha256);
    for (const bad of ['contend', '', 'content and more']) {
      writeFileSync(object, bad);
      expect(await cache.read('key')).toEqual({ state: 'corrupt', order: [5] });
    }
    rmSync(object);
    expect(await cache.read('key')).toEqual({ state: 'corrupt', order: [5] });
    await expect(cache.store('key', [4], encodeUtf8('old'))).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
    await cache.store('key', [5], encodeUtf8('content'));
    expect(await cache.read('key')).toMatchObject({ state: 'present' });
  });

  it('an index entry that cannot be read counts as a corrupt document of its age', async () => {
    const directory = temporaryDirectory();
    const cache = await openCollateralCache(directory);
    const sha256 = await cache.store('key', [5], encodeUtf8('content'));
    const entry = join(directory, 'index/key', `${'5'.padStart(16, '0')}.json`);
    for (const bad of [
      '',
      '{',
      '{}',
      `{"version":1,"key":"other","sha256":"${sha256}"}`,
      '{"version":1,"key":"key","sha256":"../x"}',
      'x'.repeat(5000),
    ]) {
      writeFileSync(entry, bad);
      expect(await cache.read('key')).toEqual({ state: 'corrupt', order: [5] });
      await expect(cache.store('key', [4], encodeUtf8('old'))).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
    }
    // Names that are no orders are nobody's.
    writeFileSync(join(directory, 'index/key/9.json'), 'x');
    mkdirSync(join(directory, 'index/other'));
    expect(await cache.read('other')).toEqual({ state: 'absent' });
    await openCollateralCache(directory);
  });

  it('many writers at once: the newest wins, whoever is last', async () => {
    const directory = temporaryDirectory();
    const caches = await Promise.all(Array.from({ length: 4 }, () => openCollateralCache(directory)));
    const orders = Array.from({ length: 24 }, (_, i) => (i * 7) % 24);
    const results = await Promise.allSettled(
      orders.map((order, i) => caches[i % 4]!.store('key', [order], contentOf('key', [order]))),
    );
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'COLLATERAL_ROLLBACK' });
    }
    const reading = await caches[0]!.read('key');
    expect(reading).toMatchObject({
      state: 'present',
      order: [23],
      bytes: Buffer.from(contentOf('key', [23])),
    });
    // An older entry that a late writer left behind never counts, and goes with the next store.
    await caches[0]!.store('key', [24], contentOf('key', [24]));
    expect(readdirSync(join(directory, 'index/key'))).toHaveLength(1);
  });

  it('clears up what killed processes left, after an hour', async () => {
    const directory = temporaryDirectory();
    const cache = await openCollateralCache(directory);
    const kept = await cache.store('key', [1], encodeUtf8('kept'));
    const replaced = await cache.store('other', [1], encodeUtf8('replaced'));
    const young = await cache.store('young', [1], encodeUtf8('young'));
    await cache.store('other', [2], encodeUtf8('replacement'));
    await cache.store('young', [2], encodeUtf8('its replacement'));
    writeFileSync(join(directory, 'temporary/draft'), 'half a docu');
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const path of ['temporary/draft', `objects/${kept}`, `objects/${replaced}`]) {
      utimesSync(join(directory, path), old, old);
    }
    await openCollateralCache(directory);
    expect(readdirSync(join(directory, 'temporary'))).toEqual([]);
    const objects = readdirSync(join(directory, 'objects'));
    expect(objects).toContain(kept);
    expect(objects).toContain(young);
    expect(objects).not.toContain(replaced);
  });

  it('names no file by what it is told', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    for (const key of ['../x', 'a/b', '', '.', 'A', 'x'.repeat(201)]) {
      expect(() => cache.read(key)).toThrow(TypeError);
      expect(() => cache.store(key, [1], new Uint8Array())).toThrow(TypeError);
    }
    for (const order of [[], [1, 2, 3, 4], [-1], [1.5], [2 ** 53]]) {
      await expect(cache.store('key', order, new Uint8Array())).rejects.toThrow(TypeError);
    }
    await expect(cache.store('key', [1], new Uint8Array((16 << 20) + 1))).rejects.toThrow(TypeError);
  });

  it('a directory that cannot be used is a typed error', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    await expect(openCollateralCache(join(file, 'cache'))).rejects.toThrow(code('COLLATERAL_CACHE'));
  });
});
