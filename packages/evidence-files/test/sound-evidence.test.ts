import {
  completeEvidence,
  type Expectation,
  judgeEvidence,
  type Part,
  readEvidenceFile,
} from '@dcml/evidence-files';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import { describe, expect, it } from 'vitest';
import { asFiles } from './evidence-as-files.ts';

// What verifies in memory has to verify from files, and never without what belongs to it.

const catalogue = soundEvidence();

function partsOfFiles(files: Readonly<Record<string, Uint8Array>>): Part[] {
  return Object.values(files).flatMap((bytes) =>
    readEvidenceFile(bytes).subjects.flatMap((subject) => [...subject.parts]),
  );
}

describe.each(catalogue.map((sound) => [sound.name, sound] as const))('%s', (_name, sound) => {
  const files = asFiles(sound.evidence);
  const contents = readEvidenceFile(files.evidence);
  const expected = sound.options.expectedReportData;
  const hasSlot = ['tdx', 'dstack-tdx', 'sgx', 'snp'].includes(sound.evidence.kind);
  const expectation: Expectation =
    expected === undefined ? {} : hasSlot ? { reportData: expected } : { nonce: expected };
  const options = { policy: sound.options.policy, nowMs: sound.options.nowMs, ...expectation };
  const judge = (parts: readonly Part[], changed: Partial<typeof options> = {}) =>
    judgeEvidence(completeEvidence(contents, parts, options.nowMs), { ...options, ...changed });

  it('is recognized and passes, SIMULATED', async () => {
    const verdict = await judge(partsOfFiles(files.collateral));
    const claims = verdict.judged.flatMap((one) => one.verdict.claims);
    expect(verdict.judged.map(({ kind }) => kind)).toEqual([sound.evidence.kind]);
    expect(claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(claims.some((claim) => claim.source === 'hardware_proven')).toBe(false);
  });

  it('does not pass for another nonce, nor for none', async () => {
    const parts = partsOfFiles(files.collateral);
    const other = new Uint8Array(hasSlot ? 64 : (expected?.length ?? 32)).fill(7);
    expect((await judge(parts, hasSlot ? { reportData: other } : { nonce: other })).outcome).toBe('fail');
    const { policy, nowMs } = options;
    const open = await judgeEvidence(completeEvidence(contents, parts, nowMs), { policy, nowMs });
    expect(open.outcome).toBe('unknown');
  });

  it('is open, never passed and never refused, without any one document', async () => {
    const parts = partsOfFiles(files.collateral);
    for (const left of parts) {
      // The root stands in policy and evidence; one of two issuer chains is enough; a log is a bonus.
      const rest = parts.filter((part) => part !== left);
      const verdict = await judge(rest);
      const missing = completeEvidence(contents, rest, options.nowMs).flatMap((one) => one.missing);
      const allowed = missing.length > 0 ? ['unknown'] : ['unknown', 'pass'];
      // Without the leaf of a TPM's chain the next certificate is taken for it, and is of another key.
      if (sound.evidence.kind === 'tpm' && left.type === 'certificate') allowed.push('fail');
      expect(allowed, left.type).toContain(verdict.outcome);
    }
    if (parts.length === 0) return;
    expect((await judge([])).outcome).toBe('unknown');
  });
});
