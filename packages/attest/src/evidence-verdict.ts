import { AttestError } from './attest-error.ts';
import type { Measurements } from './measurements.ts';
import type { Verdict } from './verdict.ts';

export interface EvidenceVerdict extends Verdict {
  /** Null unless signatures and chains hold up to a root of the policy: unauthentic values are not shown. */
  readonly measured: Measurements | null;
}

/** Throws `ATTEST_REFUSED` unless the verdict is a pass; the details name the claims that failed or are open. */
export function assertVerdict(verdict: Verdict): void {
  if (verdict.outcome === 'pass') return;
  const failed = verdict.claims.filter((claim) => claim.outcome === 'fail');
  const open = verdict.claims.filter((claim) => claim.outcome === 'unknown' && claim.optional !== true);
  const [first] = [...failed, ...open];
  const why = first === undefined ? 'no claim was checked' : `${first.name}: ${first.reason}`;
  throw new AttestError('ATTEST_REFUSED', `evidence refused: ${why}`, {
    details: {
      outcome: verdict.outcome,
      simulated: verdict.simulated,
      failed: failed.map((claim) => claim.name),
      unknown: open.map((claim) => claim.name),
    },
  });
}
