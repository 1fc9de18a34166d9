import { defaultPolicy, hardwarePolicy } from '@dcml/attest';
import { type JsonObject, systemRandom } from '@dcml/core';
import { completeEvidence, judgeEvidence, type Part, readEvidenceFile } from '@dcml/evidence-files';
import {
  createSimulatedVendor,
  issueSimulatedCollateral,
  signSimulatedQuote,
  simulatedChainPem,
} from '@dcml/testing';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import { describe, expect, it } from 'vitest';
import { asFiles } from './evidence-as-files.ts';

// Of several documents that fit, which one is taken.

const NOW_MS = Date.parse('2026-11-01T12:00:00Z');
const DAY_MS = 86_400_000;
const vendor = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
const other = createSimulatedVendor({
  random: systemRandom,
  nowMs: NOW_MS,
  platform: { fmspc: new Uint8Array(6) },
});
const reportData = new Uint8Array(64).fill(3);
const quote = readEvidenceFile(signSimulatedQuote(vendor, { td: { reportData } }));
const root = { name: 'SIMULATED', kind: 'intel', certificatePem: simulatedChainPem(vendor, 'root') } as const;
const policy = { ...hardwarePolicy, roots: [root] };

function collateralParts(...[from, options]: Parameters<typeof issueSimulatedCollateral>): Part[] {
  const collateral = issueSimulatedCollateral(from, options);
  const evidence = { kind: 'tdx', quote: new Uint8Array(), collateral } as const;
  return readEvidenceFile(asFiles(evidence).collateral['intel.json']!).subjects.flatMap(({ parts }) => [
    ...parts,
  ]);
}

const without = (parts: readonly Part[], type: Part['type']): Part[] =>
  parts.filter((part) => part.type !== type);
const only = (parts: readonly Part[], type: Part['type']): Part[] =>
  parts.filter((part) => part.type === type);
const outcome = async (parts: readonly Part[]): Promise<string> =>
  (await judgeEvidence(completeEvidence(quote, parts, NOW_MS), { policy, nowMs: NOW_MS, reportData }))
    .outcome;

const current = collateralParts(vendor);

describe('choices', () => {
  it('the document that is valid, whatever stands before it', async () => {
    const past = collateralParts(vendor, { nowMs: NOW_MS - 400 * DAY_MS });
    for (const parts of [
      [...past, ...current],
      [...current, ...past],
    ]) {
      expect(await outcome(parts)).toBe('pass');
    }
    expect(await outcome(past)).toBe('fail');
  });

  it('TCB info of this platform, never of another', async () => {
    const foreign = collateralParts(other);
    expect(await outcome([...only(foreign, 'tcb-info'), ...current])).toBe('pass');
    expect(await outcome([...only(foreign, 'tcb-info'), ...without(current, 'tcb-info')])).toBe('unknown');
  });

  it('TCB info and identity of one recovery, though another has the newer half', async () => {
    const raise = (document: JsonObject): JsonObject => ({ ...document, tcbEvaluationDataNumber: 18 });
    const newer = collateralParts(vendor, { editTcbInfo: raise, editQeIdentity: raise });
    expect(await outcome([...only(newer, 'qe-identity'), ...current])).toBe('pass');
    expect(await outcome([...only(newer, 'tcb-info'), ...current])).toBe('pass');
    expect(await outcome([...newer, ...current])).toBe('pass');
  });

  it('certificates of the hierarchy that issued, not of one with the same names', async () => {
    // Nothing in an identity says who signed it: a foreign one of the same recovery refuses, and cannot accept.
    const foreign = collateralParts(other);
    expect(await outcome([...without(foreign, 'qe-identity'), ...current])).toBe('pass');
    expect(await outcome([...foreign, ...current])).toBe('fail');
  });

  it('incomplete evidence of a kind that the policy does not take is refused', async () => {
    const snp = soundEvidence().find(({ evidence }) => evidence.kind === 'snp')!;
    const contents = readEvidenceFile(asFiles(snp.evidence).evidence);
    const judge = (kinds: typeof defaultPolicy.kinds) =>
      judgeEvidence(completeEvidence(contents, [], NOW_MS), {
        policy: { ...defaultPolicy, kinds },
        nowMs: NOW_MS,
      });
    expect((await judge(['snp'])).outcome).toBe('unknown');
    expect((await judge(['tdx'])).outcome).toBe('fail');
  });
});
