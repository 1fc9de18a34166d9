import { prepareSnpCollateral, type SnpCollateral, type SnpEvidence } from '@dcml/attest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genoa, makeEvidence, reportData, vendorOf, verify } from './simulated-snp.ts';

const { collateral, ...rest } = makeEvidence({ version: 5 });
const sound: SnpEvidence = { ...rest, collateral: prepareSnpCollateral(collateral) };
const seed = fc.readConfigureGlobal().seed ?? 0;

/** A mutation is never accepted, shows no measurements, and is never an exception. */
async function expectRefused(evidence: SnpEvidence, what: string): Promise<void> {
  const verdict = await verify(evidence);
  expect(verdict.outcome, what).toBe('fail');
  expect(verdict.measured, what).toBeNull();
}

async function inBatches<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 32) await Promise.all(items.slice(i, i + 32).map(run));
}

const offsets = (length: number): number[] => Array.from({ length }, (_, i) => i);
/** Every `step`th offset, from a phase that the seed gives. */
const every = (step: number, length: number): number[] =>
  offsets(length).filter((offset) => offset % step === seed % step);

describe('mutations of sound SNP evidence', () => {
  it('the sound evidence passes', async () => {
    expect((await verify(sound)).outcome).toBe('pass');
  });

  it('refuses a flipped bit in every byte of the report', async () => {
    await inBatches(offsets(sound.report.length), async (offset) => {
      const report = Uint8Array.from(sound.report);
      report[offset] = report[offset]! ^ (1 << ((offset + seed) % 8));
      await expectRefused({ ...sound, report }, `report byte ${offset}`);
    });
  });

  it('refuses the report at any other length', async () => {
    await inBatches(every(7, sound.report.length), async (length) => {
      await expectRefused({ ...sound, report: sound.report.slice(0, length) }, `${length} bytes`);
    });
    await expectRefused({ ...sound, report: Uint8Array.of(...sound.report, 0) }, 'appended byte');
    await expectRefused({ ...sound, report: new Uint8Array(1 << 20) }, 'huge report');
  });

  const parts = [
    ['endorsementCertificateHex', 3],
    ['issuerChainPem', 11],
    ['crlHex', 3],
  ] as const satisfies readonly (readonly [keyof SnpCollateral, number])[];
  it.each(parts)('refuses flipped characters of %s and its beginnings', async (part, step) => {
    const text = collateral[part] ?? '';
    await inBatches(every(step, text.length), async (offset) => {
      const flipped = String.fromCharCode(text.charCodeAt(offset) ^ (1 << (offset % 7)));
      const changed = text.slice(0, offset) + flipped + text.slice(offset + 1);
      await expectRefused({ ...sound, collateral: { ...collateral, [part]: changed } }, `${part}[${offset}]`);
    });
    // The last character may be missing from PEM: it is a line feed.
    await inBatches(every(41, text.length - 1), async (length) => {
      const cut = { ...collateral, [part]: text.slice(0, length) };
      await expectRefused({ ...sound, collateral: cut }, `${part} of ${length} characters`);
    });
  });

  it('refuses parts of other sound evidence in the place of its own', async () => {
    for (const vendor of [vendorOf('milan'), vendorOf('turin'), vendorOf('genoa', 'vlek')]) {
      const other = makeEvidence({ vendor });
      await expectRefused({ ...sound, report: other.report }, 'report');
      await expectRefused({ ...sound, collateral: other.collateral }, 'collateral');
      for (const [part] of parts) {
        const mixed = { ...collateral, [part]: other.collateral[part] };
        // All Genoa CRLs are by one ARK, and so is the VLEK's.
        if (part === 'crlHex' && vendor.product === 'genoa') continue;
        await expectRefused({ ...sound, collateral: mixed }, part);
      }
    }
  });

  it('refuses every field of another report of the same chip', async () => {
    const other = makeEvidence({
      version: 5,
      report: {
        fields: {
          guestSvn: 8,
          familyId: new Uint8Array(16).fill(1),
          imageId: new Uint8Array(16).fill(1),
          platformInfo: 0x24,
          reportData: Uint8Array.from(reportData).reverse(),
          measurement: new Uint8Array(48).fill(1),
          hostData: new Uint8Array(32).fill(1),
          idKeyDigest: new Uint8Array(48).fill(1),
          reportId: new Uint8Array(32).fill(1),
          launchMitigations: new Uint8Array(8),
          currentMitigations: new Uint8Array(8).fill(0xff),
        },
      },
    });
    const fields = [
      [0x04, 4],
      [0x10, 16],
      [0x20, 16],
      [0x40, 8],
      [0x50, 64],
      [0x90, 48],
      [0xc0, 32],
      [0xe0, 48],
      [0x140, 32],
      [0x1f8, 8],
      [0x200, 8],
      [0x2a0, 72],
      [0x2e8, 72],
      [0x2a0, 144],
    ] as const;
    for (const [offset, length] of fields) {
      const report = Uint8Array.from(sound.report);
      report.set(other.report.subarray(offset, offset + length), offset);
      await expectRefused({ ...sound, report }, `field at ${offset}`);
    }
  });

  it('refuses signatures out of range', async () => {
    const zero = Uint8Array.from(sound.report);
    zero.fill(0, 0x2a0);
    await expectRefused({ ...sound, report: zero }, 'zero');
    const ones = Uint8Array.from(sound.report);
    ones.fill(0xff, 0x2a0, 0x2a0 + 48);
    await expectRefused({ ...sound, report: ones }, 'r of all ones');
  });

  it('refuses random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1300 }), async (report) => {
        await expectRefused({ ...sound, report }, 'random bytes');
      }),
      { numRuns: 50 },
    );
  });

  it('is about this chip', () => {
    expect(sound.report.slice(0x1a0, 0x1e0)).toEqual(genoa.chipId);
  });
});
