import { formatError } from '../attest-error.ts';
import type { AmdProduct, AmdTcb } from '../policy/amd-policy.ts';

/** Components by byte of TCB_VERSION (SEV-SNP firmware ABI, TCB version); what is not named is reserved. */
const LEGACY: readonly (keyof AmdTcb | undefined)[] = [
  'bootloader',
  'tee',
  undefined,
  undefined,
  undefined,
  undefined,
  'snp',
  'microcode',
];
const TURIN: readonly (keyof AmdTcb | undefined)[] = [
  'fmc',
  'bootloader',
  'tee',
  'snp',
  undefined,
  undefined,
  undefined,
  'microcode',
];

const components = ['bootloader', 'tee', 'snp', 'microcode', 'fmc'] as const;

/**
 * Reads 8 bytes of TCB_VERSION as they are laid out on `product`. `offset` is that of the bytes in their structure.
 * Throws `ATTEST_FORMAT` if a reserved byte is set.
 */
export function decodeTcb(raw: Uint8Array, product: AmdProduct, what = 'TCB version', offset = 0): AmdTcb {
  const layout = product === 'turin' ? TURIN : LEGACY;
  const tcb = { bootloader: 0, tee: 0, snp: 0, microcode: 0, ...(product === 'turin' ? { fmc: 0 } : {}) };
  if (raw.length !== layout.length) throw formatError(what, `has ${raw.length} bytes, expected 8`, offset);
  layout.forEach((component, i) => {
    const value = raw[i]!;
    if (component !== undefined) tcb[component] = value;
    else if (value !== 0) throw formatError(what, 'reserved byte must be zero', offset + i);
  });
  return tcb;
}

/** Whether every component of `tcb` is at least that of `least`. */
export function reachesTcb(tcb: AmdTcb, least: AmdTcb): boolean {
  return components.every((component) => (tcb[component] ?? 0) >= (least[component] ?? 0));
}

/** For messages, for example `bootloader 4, tee 0, snp 24, microcode 219`. */
export function formatTcb(tcb: AmdTcb): string {
  return components
    .filter((component) => tcb[component] !== undefined)
    .map((component) => `${component} ${tcb[component]}`)
    .join(', ');
}
