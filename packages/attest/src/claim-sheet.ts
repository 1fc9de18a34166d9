import { isDcmlError } from '@dcml/core';
import { type ByteRange, type Claim, type ClaimSource, concludeVerdict, type Verdict } from './verdict.ts';

/** Each claim of a kind of evidence, in the order of the verdict, and where its truth comes from. */
export type ClaimPlan<Name extends string> = readonly (readonly [Name, ClaimSource])[];

/** Runs a parser over foreign data. An expected refusal becomes a `problem`; anything else is a bug and is thrown. */
export function attempt<Value>(
  parse: () => Value,
):
  | { readonly value: Value; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string } {
  try {
    return { value: parse() };
  } catch (error) {
    if (isDcmlError(error)) return { problem: error.message };
    throw error;
  }
}

/** Collects one outcome per planned claim. What nobody recorded is `unknown`, and so never a pass. */
export class ClaimSheet<Name extends string> {
  readonly #plan: ClaimPlan<Name>;
  readonly #recorded = new Map<Name, Omit<Claim, 'name' | 'source'>>();

  constructor(plan: ClaimPlan<Name>) {
    this.#plan = plan;
  }

  #record(name: Name, claim: Omit<Claim, 'name' | 'source'>): void {
    if (this.#recorded.has(name)) throw new TypeError(`claim ${name} was recorded twice`);
    this.#recorded.set(name, claim);
  }

  /** Records a failure if there is a problem, else a pass; true on a pass. */
  check(name: Name, problem: string | undefined, passReason: string, bytes?: readonly ByteRange[]): boolean {
    const failed = problem !== undefined;
    this.#record(name, {
      outcome: failed ? 'fail' : 'pass',
      reason: failed ? problem : passReason,
      ...(bytes && { bytes }),
    });
    return !failed;
  }

  /** Records a check that was not made, because the policy does not ask for it. */
  waive(name: Name, reason: string): void {
    this.#record(name, { outcome: 'unknown', reason, optional: true });
  }

  /** Records a check that could not be made. */
  leaveOpen(name: Name, reason: string): void {
    this.#record(name, { outcome: 'unknown', reason });
  }

  /** The verdict. Simulated evidence proves nothing about hardware, so no claim of it may say so. */
  conclude(simulated: boolean): Verdict {
    const claims = this.#plan.map(([name, source]): Claim => {
      const recorded = this.#recorded.get(name) ?? {
        outcome: 'unknown',
        reason: 'not checked, since an earlier check failed',
      };
      return simulated && source === 'hardware_proven'
        ? { name, source: 'operator_asserted', ...recorded, reason: `SIMULATED: ${recorded.reason}` }
        : { name, source, ...recorded };
    });
    return concludeVerdict(claims, simulated);
  }
}
