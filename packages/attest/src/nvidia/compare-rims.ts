import { toHex } from '@dcml/core';
import type { AuthenticDevice } from './device.ts';
import type { Rim } from './rim-types.ts';

/** Measured only while the first video decoder is on; the device says whether it is. */
const NVDEC0_INDEX = 35;

type Wanted = Pick<Rim, 'kind' | 'product' | 'edition' | 'version'> & { readonly id: string };

/** The manifests that describe a device, by the ids of NVIDIA's RIM service. */
export function wantedRims({
  role,
  facts,
  model,
}: Pick<AuthenticDevice, 'role' | 'facts' | 'model'>): Wanted[] {
  const { driverVersion, vbiosVersion, project, projectSku, chipSku } = facts;
  const board = `${project ?? ''}_${projectSku ?? ''}_${chipSku ?? ''}_${vbiosVersion.replaceAll('.', '')}`;
  if (role === 'switch') {
    const product = model.chip.replaceAll('_', '');
    return [
      { id: `NV_SWITCH_BIOS_${board}`, kind: 'vbios', product, edition: 'SWITCH', version: vbiosVersion },
    ];
  }
  const product = facts.chip ?? model.chip;
  const family = model.architecture === 'hopper' ? 'NV_GPU_DRIVER' : 'NV_GPU_CC_DRIVER';
  const version = driverVersion ?? '';
  return [
    { id: `${family}_${product}_${version}`, kind: 'driver', product, edition: 'GPU', version },
    { id: `NV_GPU_VBIOS_${board}`, kind: 'vbios', product, edition: 'GPU', version: vbiosVersion },
  ];
}

const describes = (rim: Rim, wanted: Wanted): boolean =>
  rim.kind === wanted.kind &&
  rim.product === wanted.product &&
  rim.edition === wanted.edition &&
  rim.version === wanted.version;

/** Why a device measures something else than its manifests say, or undefined. */
function mismatch({ report, facts }: AuthenticDevice, rims: readonly Rim[]): string | undefined {
  const values = new Map(report.blocks.map(({ index, value }) => [index - 1, toHex(value)]));
  const claimed = new Map<number, string>();
  for (const rim of rims) {
    const active = rim.measurements.filter((measurement) => measurement.active);
    if (active.length === 0) return `${rim.id} has no active measurement`;
    for (const { index, values: golden } of active) {
      const other = claimed.get(index);
      if (other !== undefined) return `${rim.id} and ${other} both claim measurement ${index}`;
      claimed.set(index, rim.id);
      if (index === NVDEC0_INDEX && facts.hasNvdec0 === false) continue;
      const value = values.get(index);
      if (value === undefined) return `measurement ${index} of ${rim.id} is not in the report`;
      if (!golden.includes(value)) return `measurement ${index} is ${value}, which is not in ${rim.id}`;
    }
  }
  return undefined;
}

export interface RimComparison {
  /** Why the device does not measure what it should. */
  readonly problem: string | undefined;
  /** Ids of manifests that would be needed. */
  readonly missing: readonly string[];
}

/** Every way to take one manifest for each that is wanted: boards that share a version have one each. */
function combinations(choices: readonly (readonly Rim[])[]): Rim[][] {
  return choices.reduce<Rim[][]>(
    (sets, some) => sets.flatMap((set) => some.map((rim) => [...set, rim])),
    [[]],
  );
}

/**
 * Compares a device with its manifests: all active golden measurements, each claimed by one of them. The board is not in
 * what a manifest signs, so of several for one version any may fit.
 */
export function compareRims(device: AuthenticDevice, rims: readonly Rim[]): RimComparison {
  const wanted = wantedRims(device);
  const found = wanted.map((one) => rims.filter((rim) => describes(rim, one)));
  const missing = wanted.filter((_, i) => found[i]?.length === 0).map(({ id }) => id);
  const present = found.filter((some) => some.length > 0);
  // Of an incomplete set, what is there is compared all the same: a mismatch is a mismatch.
  const problems = combinations(present).map((set) => mismatch(device, set));
  return { problem: problems.includes(undefined) ? undefined : problems[0], missing };
}
