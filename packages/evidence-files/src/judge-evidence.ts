import {
  type Claim,
  concludeVerdict,
  type EvidenceKind,
  type EvidencePolicy,
  type EvidenceVerdict,
  type Outcome,
  verifyEvidence,
} from '@dcml/attest';
import type { AssembledEvidence } from './assemble/assemble-evidence.ts';
import type { MissingPart } from './assemble/missing-part.ts';
import { type Expectation, expectedReportData } from './expected-report-data.ts';

export interface JudgeOptions extends Expectation {
  readonly policy: EvidencePolicy;
  readonly nowMs: number;
  /** Lowercase hex, read from the chain by the caller. */
  readonly registeredComposeHashes?: readonly string[];
}

/** A verdict about one piece of evidence of a file. */
export interface JudgedEvidence extends AssembledEvidence {
  readonly verdict: EvidenceVerdict;
}

/** Verdicts about a file, and what they say together. */
export interface FileVerdict {
  readonly outcome: Outcome;
  readonly simulated: boolean;
  readonly judged: readonly JudgedEvidence[];
  /** What concerns several pieces at once. */
  readonly claims: readonly Claim[];
}

/** Nothing can be checked yet, but whether the policy takes such evidence at all. */
function incomplete(
  kind: EvidenceKind,
  missing: readonly MissingPart[],
  { kinds }: EvidencePolicy,
): EvidenceVerdict {
  const source = 'verifier_derived';
  const isAccepted = kinds.includes(kind);
  const claims: Claim[] = [
    {
      name: 'kind_accepted',
      outcome: isAccepted ? 'pass' : 'fail',
      source,
      reason: `the policy accepts ${isAccepted ? kind : `${kinds.join(', ')}, not ${kind}`}`,
    },
    {
      name: 'evidence_complete',
      outcome: 'unknown',
      source,
      reason: `not given: ${missing.map((part) => part.what).join('; ')}`,
    },
  ];
  return { ...concludeVerdict(claims, false), measured: null };
}

/** A check that failed for want of a document was not made: it is open, and never passed. */
function openForWant(verdict: EvidenceVerdict, missing: readonly MissingPart[]): EvidenceVerdict {
  const claims = verdict.claims.map((claim): Claim => {
    const lacking = missing.filter((part) => part.claims.includes(claim.name));
    if (claim.outcome === 'pass' || lacking.length === 0) return claim;
    if (claim.optional === true) return claim;
    const reason = `not given: ${lacking.map((part) => part.what).join('; ')}`;
    return { ...claim, outcome: 'unknown', reason };
  });
  return { ...concludeVerdict(claims, verdict.simulated), measured: verdict.measured };
}

async function judgeOne(assembled: AssembledEvidence, options: JudgeOptions): Promise<JudgedEvidence> {
  const { evidence, missing, kind, nonceScheme } = assembled;
  if (evidence === null) return { ...assembled, verdict: incomplete(kind, missing, options.policy) };
  const expected = expectedReportData(kind, nonceScheme, options);
  const verdict = await verifyEvidence(evidence, {
    policy: options.policy,
    nowMs: options.nowMs,
    ...(expected && { expectedReportData: expected }),
    ...(options.registeredComposeHashes && { registeredComposeHashes: options.registeredComposeHashes }),
  });
  return { ...assembled, verdict: openForWant(verdict, missing) };
}

/** Claims about CPU and GPUs together, where the policy asks for GPUs or the file shows both. */
function gpuClaims(judged: readonly JudgedEvidence[], { nvidia }: EvidencePolicy): Claim[] {
  const hasGpus = judged.some(({ kind }) => kind === 'nvidia' || kind === 'nras');
  const hasMachine = judged.some(({ kind }) => kind !== 'nvidia' && kind !== 'nras');
  const asked = nvidia.minGpus + nvidia.minSwitches > 0;
  if (!hasMachine || (!hasGpus && !asked)) return [];
  if (!hasGpus) {
    const reason = `the policy asks for ${nvidia.minGpus} GPUs and ${nvidia.minSwitches} switches; the file shows none`;
    return [{ name: 'gpus_shown', outcome: 'fail', source: 'verifier_derived', reason }];
  }
  return [
    {
      name: 'gpus_in_this_machine',
      outcome: 'unknown',
      source: 'verifier_derived',
      reason: 'one nonce is in both; nothing in this file ties the GPUs to the machine',
      ...(asked ? {} : { optional: true }),
    },
  ];
}

/**
 * Verifies everything in a file under one policy at one moment. All of it has to pass; what could not be checked for
 * want of collateral is open. Throws `EVIDENCE_FILE_NONCE`, `ATTEST_POLICY`, `ATTEST_NO_WEBCRYPTO`.
 */
export async function judgeEvidence(
  assembled: readonly AssembledEvidence[],
  options: JudgeOptions,
): Promise<FileVerdict> {
  const judged: JudgedEvidence[] = [];
  for (const one of assembled) judged.push(await judgeOne(one, options));
  const claims = gpuClaims(judged, options.policy);
  const all = [...judged.flatMap(({ verdict }) => verdict.claims), ...claims];
  const simulated = judged.some(({ verdict }) => verdict.simulated);
  return { outcome: concludeVerdict(all, simulated).outcome, simulated, judged, claims };
}
