import type { Certificate } from '../x509/certificate.ts';

/** One golden value of a manifest: what the block with this index must measure. */
export interface RimMeasurement {
  /** Counts from zero: the SPDM measurement block with this index plus one. */
  readonly index: number;
  /** Only active ones are compared. */
  readonly active: boolean;
  readonly name: string;
  readonly algorithm: 'sha384';
  /** Accepted digests, 96 lowercase hex digits each; any of them is right. */
  readonly values: readonly string[];
}

/** A reference integrity manifest whose form, signature and chain hold: what a driver or a VBIOS must measure. */
export interface Rim {
  /** For people, from what is signed, for example `NV_GPU_DRIVER_GH100_550.90.07`: the board is not in it. */
  readonly id: string;
  /** The chip, for example `GH100`, `GB100`, `LS10`. */
  readonly product: string;
  readonly edition: 'GPU' | 'SWITCH';
  /** Firmware of a switch (`NV_SWITCH_BIOS_…`) counts as `vbios`. */
  readonly kind: 'driver' | 'vbios';
  /** The version that it describes, in the text of the manifest. */
  readonly version: string;
  readonly measurements: readonly RimMeasurement[];
}

export interface ReadRimOptions {
  /** Roots of the policy of kind `nvidia-rim`. */
  readonly roots: readonly Certificate[];
  readonly nowMs: number;
}

/** What became of one manifest: `rim` is there exactly if `problem` is not. */
export interface ReadRimResult {
  readonly rim: Rim | undefined;
  /** Why the manifest is not believed. */
  readonly problem: string | undefined;
  /** The signer's chain as the manifest carries it, leaf first, root last; empty if it could not be read. */
  readonly certificates: readonly Certificate[];
}
