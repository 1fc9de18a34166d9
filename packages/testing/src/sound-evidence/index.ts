import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { soundDstackTdx } from './intel.ts';

export * from './moment.ts';

/** New synthetic evidence of every kind that verifies, each under its own simulated vendor. */
export function soundEvidence(): SoundEvidence[] {
  return [soundDstackTdx()];
}
