/** Where a claim's truth comes from; the ACI vocabulary (aci/1 section 8.3). */
export type ClaimSource = 'hardware_proven' | 'verifier_derived' | 'provider_asserted' | 'operator_asserted';

/** `unknown` is a check that was not made: never a pass. */
export type Outcome = 'pass' | 'fail' | 'unknown';

/** A stretch of the evidence on which a claim rests. */
export interface ByteRange {
  /** Which part: `quote`, `report`, `collateral.tcb_info`, `devices[0].report`, … */
  readonly part: string;
  readonly offset: number;
  readonly length: number;
}

/** One check and what came of it. */
export interface Claim {
  /** Stable snake_case name, for example `quote_signature`, `tcb_up_to_date`, `report_data_bound`. */
  readonly name: string;
  readonly outcome: Outcome;
  readonly source: ClaimSource;
  /** One line for people: what was compared and, on failure, what differed. */
  readonly reason: string;
  /** The bytes on which the claim rests, where it rests on particular ones. */
  readonly bytes?: readonly ByteRange[];
  /** A claim that may stay `unknown` without making the verdict unknown. */
  readonly optional?: true;
}

export interface Verdict {
  /** `fail` if any claim failed; else `unknown` if a claim that is not optional is unknown; else `pass`. */
  readonly outcome: Outcome;
  /** True when the evidence ends in a root that is no hardware vendor's: everybody must show `SIMULATED`. */
  readonly simulated: boolean;
  readonly claims: readonly Claim[];
}

/** Combines claims. A verdict without claims is `unknown`. */
export function concludeVerdict(claims: readonly Claim[], simulated: boolean): Verdict {
  const failed = claims.some((claim) => claim.outcome === 'fail');
  const open =
    claims.length === 0 || claims.some((claim) => claim.outcome === 'unknown' && claim.optional !== true);
  return { outcome: failed ? 'fail' : open ? 'unknown' : 'pass', simulated, claims };
}
