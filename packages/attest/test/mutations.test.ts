import {
  type DstackTdxEvidence,
  type IntelCollateral,
  prepareIntelCollateral,
  type SgxEvidence,
  type TdxEvidence,
  verifyEvidence,
} from '@dcml/attest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSgxEvidence, sgxPolicy } from './sgx/simulated-sgx.ts';
import { makeEvidence, NOW_MS, platform, reportData } from './simulated-evidence.ts';
import { makeTdx15Evidence } from './tdx/simulated-tdx.ts';

type IntelEvidence = DstackTdxEvidence | TdxEvidence | SgxEvidence;

// Prepared, so that what the quote does not touch is parsed once.
const prepared = <Kind extends IntelEvidence>(evidence: Kind): Kind => ({
  ...evidence,
  collateral: prepareIntelCollateral(evidence.collateral),
});
const forms: readonly (readonly [string, IntelEvidence])[] = [
  ['TDX version 4 of a dstack guest', prepared(makeEvidence())],
  ['TDX version 5 with a TD report 1.5', prepared(makeTdx15Evidence())],
  ['SGX version 3', prepared(makeSgxEvidence())],
];

/** A mutation is never accepted and never an exception: `verifyEvidence` rejecting would fail the test. */
async function expectRefused(evidence: IntelEvidence, what: string): Promise<void> {
  const policy = evidence.kind === 'dstack-tdx' ? platform.policy : sgxPolicy();
  const verdict = await verifyEvidence(evidence, { policy, expectedReportData: reportData, nowMs: NOW_MS });
  expect(verdict.outcome, what).toBe('fail');
}

async function inBatches<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 32) await Promise.all(items.slice(i, i + 32).map(run));
}

const offsets = (length: number): number[] => Array.from({ length }, (_, i) => i);
/** A seeded sample, in which the first and the last offset always are. */
function sample(length: number, count: number): number[] {
  const [drawn = []] = fc.sample(
    fc.array(fc.integer({ min: 0, max: length - 1 }), { minLength: count, maxLength: count }),
    { numRuns: 1, seed: fc.readConfigureGlobal().seed ?? 0 },
  );
  return [0, length - 1, ...drawn];
}

describe.each(forms)('mutations of sound evidence: %s', (_form, sound) => {
  it('refuses a flipped bit in every byte of the quote (in its PEM text: in every 16th)', async () => {
    const pemAt = Buffer.from(sound.quote).indexOf('-----BEGIN');
    const phase = (fc.readConfigureGlobal().seed ?? 0) % 16;
    const chosen = offsets(sound.quote.length).filter((offset) => offset < pemAt || offset % 16 === phase);
    await inBatches(chosen, async (offset) => {
      const quote = Uint8Array.from(sound.quote);
      quote[offset] = quote[offset]! ^ (1 << (offset % 8));
      await expectRefused({ ...sound, quote }, `quote byte ${offset}`);
    });
  });

  it('refuses the quote cut at any length, and with a byte appended', async () => {
    await inBatches(sample(sound.quote.length, 200), async (length) => {
      await expectRefused({ ...sound, quote: sound.quote.slice(0, length) }, `quote of ${length} bytes`);
    });
    await expectRefused({ ...sound, quote: Uint8Array.of(...sound.quote, 1) }, 'appended byte');
    await expectRefused({ ...sound, quote: new Uint8Array(20_000) }, 'huge quote');
  });

  it('refuses random bytes in the place of a quote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 6000 }), async (quote) => {
        await expectRefused({ ...sound, quote }, 'random bytes');
      }),
      { numRuns: 25 },
    );
  });

  it('refuses splices of the quote with itself and with random bytes', async () => {
    const { length } = sound.quote;
    const splice = fc.record({
      at: fc.integer({ min: 0, max: length - 1 }),
      remove: fc.integer({ min: 0, max: 40 }),
      insert: fc.uint8Array({ maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(splice, async ({ at, remove, insert }) => {
        const quote = Uint8Array.of(
          ...sound.quote.slice(0, at),
          ...insert,
          ...sound.quote.slice(at + remove),
        );
        fc.pre(Buffer.compare(quote, sound.quote) !== 0);
        // Zero bytes after the end are padding, which real guests send.
        fc.pre(
          !(
            Buffer.compare(quote.slice(0, length), sound.quote) === 0 &&
            quote.slice(length).every((byte) => byte === 0)
          ),
        );
        await expectRefused({ ...sound, quote }, `splice at ${at}`);
      }),
      { numRuns: 150 },
    );
  });
});

const collateralParts = Object.keys(makeEvidence().collateral) as (keyof IntelCollateral)[];

describe.each([
  ['TDX', makeEvidence()],
  ['SGX', makeSgxEvidence()],
] as const)('mutations of collateral for %s', (_kind, sound) => {
  it.each(collateralParts)('refuses flipped and removed characters of %s', async (part) => {
    const text = sound.collateral[part];
    await inBatches(sample(text.length, 16), async (offset) => {
      const flipped = String.fromCharCode(text.charCodeAt(offset) ^ (1 << (offset % 7)));
      const changed = text.slice(0, offset) + flipped + text.slice(offset + 1);
      await expectRefused(
        { ...sound, collateral: { ...sound.collateral, [part]: changed } },
        `${part}[${offset}]`,
      );
    });
    await inBatches(sample(text.length - 1, 8), async (length) => {
      const cut = { ...sound.collateral, [part]: text.slice(0, length) };
      await expectRefused({ ...sound, collateral: cut }, `${part} of ${length} characters`);
    });
  });
});
