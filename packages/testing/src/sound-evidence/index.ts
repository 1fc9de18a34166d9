import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { soundAmd } from './amd.ts';
import { soundIntel } from './intel.ts';
import { soundNitro } from './nitro.ts';

export * from './moment.ts';

/** New synthetic evidence of every kind that verifies, each under its own simulated vendor. */
export function soundEvidence(): SoundEvidence[] {
  return [...soundIntel(), ...soundAmd(), ...soundNitro()];
}
