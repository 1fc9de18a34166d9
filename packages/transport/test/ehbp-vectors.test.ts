import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fromHex, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { createWebTransportCrypto, defaultResponseLimits, deriveResponseKeys } from '../src/index.ts';
import { createNodeTransportCrypto } from '../src/node/index.ts';
import { openFrames } from '../src/open-response.ts';
import { createResponseSealer } from '../src/response-sealer.ts';
import { collect, never, pieces, serverCrypto } from './fixtures.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = resolve(root, process.env['DCML_EVIDENCE'] ?? '../shared/evidence', '../vectors/ehbp');
const present = existsSync(folder);
if (!present) console.warn(`SKIPPED: published EHBP vectors are not at ${folder}`);

function vector(name: string): Record<string, string> {
  return JSON.parse(readFileSync(resolve(folder, name), 'utf8')) as Record<string, string>;
}

describe.skipIf(!present)('EHBP published vectors (tinfoilsh/encrypted-http-body-protocol)', () => {
  for (const [name, crypto] of [
    ['web', createWebTransportCrypto()],
    ['node', createNodeTransportCrypto()],
  ] as const) {
    const keysOf = (v: Record<string, string>): ReturnType<typeof deriveResponseKeys> =>
      deriveResponseKeys(
        crypto,
        fromHex(v['exportedSecret']!),
        fromHex(v['requestEnc']!),
        fromHex(v['responseNonce']!),
      );

    it(`${name}: derive.json`, async () => {
      const v = vector('derive.json');
      const keys = await keysOf(v);
      expect(toHex(keys.key)).toBe(v['derivedKey']);
      expect(toHex(keys.nonceBase)).toBe(v['derivedNonceBase']);
    });

    it(`${name}: response-decryption.json`, async () => {
      const v = vector('response-decryption.json');
      const keys = await keysOf(v);
      const wire = fromHex(v['encryptedResponse']!);
      const plain = await collect(openFrames(crypto, keys, pieces(wire), defaultResponseLimits, never));
      expect(plain.map(toHex)).toEqual([v['plaintext']]);
      const sealer = createResponseSealer(serverCrypto, fromHex(v['responseNonce']!), keys, keys);
      expect(toHex(sealer.seal(fromHex(v['plaintext']!)))).toBe(v['encryptedResponse']);
    });
  }
});
