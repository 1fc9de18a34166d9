import { createHash } from 'node:crypto';
import { type NvidiaRimTag, type ReadNvidiaRimResult, readRim } from '@dcml/attest';
import { decodeUtf8, encodeUtf8 } from '@dcml/core';
import { writeRim } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalizeXml } from '../../../src/xml/canonicalize.ts';
import { readEnvelopedSignature } from '../../../src/xml/enveloped-signature.ts';
import { parseXml } from '../../../src/xml/parse-xml.ts';
import { fields, options, signer } from './simulated-rim.ts';

const sound = writeRim(fields, signer);
const bytes = encodeUtf8(sound);
const { rim } = await readRim(sound, options);

/** Everything that decides: the canonical document and SignedInfo, the signature's value, the certificates. */
function fingerprint(xml: string): string {
  const root = parseXml(xml);
  const { element, signedInfo, value, certificates } = readEnvelopedSignature(root, 'test');
  const hash = createHash('sha256');
  for (const part of [canonicalizeXml(root, element), canonicalizeXml(signedInfo), value, ...certificates]) {
    hash.update(createHash('sha256').update(part).digest());
  }
  return hash.digest('hex');
}
const soundFingerprint = fingerprint(sound);

/** A mutation is refused with a reason, or says provably the same as before. Returns whether it was accepted. */
async function judge(xml: string, what: string): Promise<boolean> {
  const result: ReadNvidiaRimResult = await readRim(xml, options);
  if (result.rim === undefined) {
    expect(result.problem, what).toBeDefined();
    return false;
  }
  expect(result.rim, what).toEqual(rim as NvidiaRimTag);
  expect(fingerprint(xml), what).toBe(soundFingerprint);
  return true;
}

async function inBatches<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 32) await Promise.all(items.slice(i, i + 32).map(run));
}

describe('mutations of a sound manifest', () => {
  it('never change what it says: flipped bits', async () => {
    expect(rim?.id).toBe('NV_GPU_DRIVER_GH100_550.90.07');
    const seed = fc.readConfigureGlobal().seed ?? 0;
    const accepted: number[] = [];
    const offsets = Array.from(bytes.keys());
    // An eighth of the bytes in a run, another in the next; of the alike inactive rows and certificates every 128th.
    const alike = (offset: number): boolean =>
      (offset > sound.indexOf('index="12"') && offset < sound.indexOf('</ns0:Payload>')) ||
      offset > sound.indexOf('<ds:X509Certificate>') + 40;
    const chosen = offsets.filter((offset) =>
      alike(offset) ? offset % 128 === seed % 128 : offset % 8 === seed % 8,
    );
    await inBatches(chosen, async (offset) => {
      const flipped = Uint8Array.from(bytes);
      flipped[offset] = flipped[offset]! ^ (1 << ((offset + seed) % 8));
      let xml: string;
      try {
        xml = decodeUtf8(flipped);
      } catch {
        // No text at all.
        return;
      }
      if (await judge(xml, `byte ${offset}`)) accepted.push(offset);
    });
    // Only white space that another white space or nothing can replace: in tags and in base64.
    for (const offset of accepted) expect(sound[offset], `byte ${offset}`).toMatch(/[ \t\n"'/]/);
    expect(accepted.length).toBeLessThan(chosen.length / 10);
  });

  it('are refused at every length that is cut', async () => {
    const end = sound.trimEnd().length;
    const [drawn = []] = fc.sample(
      fc.array(fc.integer({ min: 0, max: end - 1 }), { minLength: 400, maxLength: 400 }),
      { numRuns: 1, seed: fc.readConfigureGlobal().seed ?? 0 },
    );
    await inBatches([0, 1, end - 1, ...drawn], async (length) => {
      expect(await judge(sound.slice(0, length), `${length} characters`)).toBe(false);
    });
    expect(await judge(sound.slice(0, end), 'without the last line feed')).toBe(true);
    expect(await judge(`${sound}<`, 'with more')).toBe(false);
    expect(await judge(sound + sound, 'twice')).toBe(false);
  });

  it('never change what it says: splices of it with itself and with markup', async () => {
    const pieces = [
      '<',
      '>',
      '/>',
      '"',
      '&amp;',
      '<!---->',
      '<!--',
      '-->',
      ' ',
      '\n',
      '<ns0:Resource/>',
      'xmlns=""',
    ];
    const insert = fc.oneof(
      fc.constantFrom(...pieces),
      fc
        .tuple(fc.integer({ min: 0, max: sound.length - 1 }), fc.integer({ min: 0, max: 300 }))
        .map(([at, length]) => sound.slice(at, at + length)),
    );
    const splice = fc.record({
      at: fc.integer({ min: 0, max: sound.length - 1 }),
      remove: fc.integer({ min: 0, max: 60 }),
      insert,
    });
    await fc.assert(
      fc.asyncProperty(splice, async ({ at, remove, insert: text }) => {
        await judge(sound.slice(0, at) + text + sound.slice(at + remove), `splice at ${at}`);
      }),
      { numRuns: 300 },
    );
  });

  it('and hostile texts are refused in bounded time', async () => {
    const hostile = [
      '',
      '<'.repeat(1 << 20),
      '<a>'.repeat(1 << 18),
      ' '.repeat(1 << 20),
      'x'.repeat(1 << 24),
      `<!DOCTYPE a [${Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i} "&a${i + 1};&a${i + 1};">`).join('')}]><a>&a0;</a>`,
      `<a${Array.from({ length: 60 }, (_, i) => ` xmlns:p${i}="urn:${i}"`).join('')}>${'<p1:b p2:c=""/>'.repeat(4000)}</a>`,
      `${'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'.repeat(15)}${'</ds:Signature>'.repeat(15)}`,
    ];
    const started = performance.now();
    for (const xml of hostile) expect((await readRim(xml, options)).rim).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
