import { defaultPolicy, evidenceKinds, verifyEvidence } from '@dcml/attest';
import { tryMutations } from '@dcml/testing/mutation';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import { describe, expect, it } from 'vitest';

const TOTAL = 20_000;
const seed = Number(process.env['DCML_SEED']);
const samples = soundEvidence();
// Other evidence of the same kinds, whose fields are swapped in.
const donors = soundEvidence();
const share = Math.ceil(TOTAL / samples.length);

describe('synthetic evidence', () => {
  it('is there for every kind', () => {
    const kinds = new Set(samples.map((sample) => sample.evidence.kind));
    expect([...kinds].sort()).toEqual([...evidenceKinds].sort());
  });

  it.each(samples)('$name passes, is SIMULATED, and proves nothing about hardware', async (sample) => {
    const verdict = await verifyEvidence(sample.evidence, sample.options);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.filter((claim) => claim.source === 'hardware_proven')).toEqual([]);
    expect(verdict.measured).not.toBeNull();
  });

  it.each(samples)(
    '$name is refused by a policy for genuine hardware only',
    async ({ evidence, options }) => {
      const policy = { ...options.policy, roots: defaultPolicy.roots };
      const verdict = await verifyEvidence(evidence, { ...options, policy });
      expect(verdict.outcome).not.toBe('pass');
      expect(verdict.measured).toBeNull();
    },
  );

  it.each(samples)(
    '$name is refused by a policy that does not take its kind',
    async ({ evidence, options }) => {
      const kinds = evidenceKinds.filter((kind) => kind !== evidence.kind);
      const verdict = await verifyEvidence(evidence, { ...options, policy: { ...options.policy, kinds } });
      expect(verdict.claims[0]).toMatchObject({ name: 'kind_accepted', outcome: 'fail' });
      expect(verdict.measured).toBeNull();
    },
  );

  it.each(samples)('$name does not pass without expected report data, or with others', async (sample) => {
    const { expectedReportData, ...rest } = sample.options;
    expect((await verifyEvidence(sample.evidence, rest)).outcome).toBe('unknown');
    for (let i = 0; i < expectedReportData!.length; i++) {
      const other = Uint8Array.from(expectedReportData!);
      other[i]! ^= 1;
      const verdict = await verifyEvidence(sample.evidence, { ...rest, expectedReportData: other });
      const bound = verdict.claims.find((claim) => claim.name === 'report_data_bound');
      expect(bound?.outcome, `byte ${i}`).toBe('fail');
    }
  });
});

describe(`${TOTAL} mutations (seed ${seed})`, () => {
  it.each(samples.map((sample, i) => ({ sample, donor: donors[i]!, name: sample.name })))(
    '$name',
    async ({ sample, donor }) => {
      const count = await tryMutations(sample, [donor.evidence], share, seed);
      expect(count.wrong).toEqual([]);
      expect(count.tried).toBeGreaterThanOrEqual(share);
    },
  );
});
