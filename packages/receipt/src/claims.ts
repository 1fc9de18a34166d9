import type { Claim, ClaimSource, Outcome } from '@dcml/attest';

export function claim(
  name: string,
  outcome: Outcome,
  reason: string,
  source: ClaimSource = 'verifier_derived',
): Claim {
  return { name, outcome, source, reason };
}

/** A comparison that was made. */
export function compared(name: string, holds: boolean, whenTrue: string, whenFalse: string): Claim {
  return holds ? claim(name, 'pass', whenTrue) : claim(name, 'fail', whenFalse);
}

/** A comparison, or `unknown` where there is nothing to compare with. */
export function comparedIf<Value extends string | number | boolean>(
  name: string,
  expected: Value | undefined,
  actual: Value | undefined,
  what: string,
): Claim {
  if (expected === undefined) return claim(name, 'unknown', `nothing given to compare ${what} with`);
  if (actual === undefined) return claim(name, 'unknown', `the receipt does not state ${what}`);
  return compared(
    name,
    expected === actual,
    `${what} is ${actual}`,
    `${what} is ${actual}, expected ${expected}`,
  );
}

/** A claim whose being unknown does not make a verdict unknown. */
export function optional(base: Claim): Claim {
  return { ...base, optional: true };
}
