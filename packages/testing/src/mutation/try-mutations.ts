import {
  type Evidence,
  type EvidenceVerdict,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from '@dcml/attest';
import { EvidenceMutator } from './mutate-evidence.ts';
import { SeededChoice } from './seeded-choice.ts';

/** Evidence that verifies, and under what. */
export interface SoundEvidence {
  /** For reports, for example `tdx v5 (1.5)`. */
  readonly name: string;
  readonly evidence: Evidence;
  readonly options: VerifyEvidenceOptions;
}

export interface MutationCount {
  tried: number;
  refused: number;
  /** Passed with exactly the measurements of the sound evidence: what changed carries no meaning (padding, a comment). */
  neutral: number;
  /** How often, by field. */
  neutralFields: Map<string, number>;
  /** Passed with other measurements, or the verifier threw. Must be empty. */
  wrong: string[];
}

// At once: enough to keep the platform's threads busy.
const BATCH = 16;

async function tryOne(
  sample: SoundEvidence,
  soundMeasured: string,
  mutator: EvidenceMutator<Evidence>,
  seed: number,
  count: MutationCount,
): Promise<void> {
  const mutated = mutator.next(new SeededChoice(seed));
  if (mutated === undefined) return;
  count.tried++;
  const where = `${sample.name}, seed ${seed}, field ${mutated.path}`;
  let verdict: EvidenceVerdict;
  try {
    verdict = await verifyEvidence(mutated.evidence, sample.options);
  } catch (error) {
    count.wrong.push(`${where}: threw ${String(error)}`);
    return;
  }
  if (verdict.outcome !== 'pass') count.refused++;
  else if (JSON.stringify(verdict.measured) === soundMeasured) {
    count.neutral++;
    count.neutralFields.set(mutated.path, (count.neutralFields.get(mutated.path) ?? 0) + 1);
  } else count.wrong.push(`${where}: accepted with other measurements`);
}

/**
 * Mutates sound evidence until `wanted` changed pieces were tried, each from its own seed: `seed`, `seed + 1`, …
 * Throws `Error` if the sound evidence does not pass.
 */
export async function tryMutations(
  sample: SoundEvidence,
  donors: readonly Evidence[],
  wanted: number,
  seed: number,
): Promise<MutationCount> {
  const sound = await verifyEvidence(sample.evidence, sample.options);
  if (sound.outcome !== 'pass') {
    const open = sound.claims.filter((claim) => claim.outcome !== 'pass' && claim.optional !== true);
    throw new Error(
      `${sample.name} does not verify: ${open.map((claim) => `${claim.name}: ${claim.reason}`).join('; ')}`,
    );
  }
  const measured = JSON.stringify(sound.measured);
  const mutator = new EvidenceMutator(sample.evidence, donors);
  const count: MutationCount = { tried: 0, refused: 0, neutral: 0, neutralFields: new Map(), wrong: [] };
  for (let next = seed; count.tried < wanted; next += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, wanted - count.tried) }, (_, i) => next + i);
    await Promise.all(batch.map((one) => tryOne(sample, measured, mutator, one, count)));
  }
  return count;
}
