import type { SoundEvidence } from '../mutation/try-mutations.ts';
import { soundAmd } from './amd.ts';
import { soundIntel } from './intel.ts';
import { soundNitro } from './nitro.ts';
import { soundNvidia } from './nvidia.ts';
import { soundTpm } from './tpm.ts';

export * from './moment.ts';
export { connectedHost } from './nvidia.ts';

/** New synthetic evidence of every kind that verifies, each under its own simulated vendor. */
export function soundEvidence(): SoundEvidence[] {
  return [...soundIntel(), ...soundAmd(), ...soundNvidia(), ...soundNitro(), ...soundTpm()];
}
