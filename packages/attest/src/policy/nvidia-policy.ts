export type NvidiaArchitecture = 'hopper' | 'blackwell' | 'ls10';

export const nvidiaArchitectures: readonly NvidiaArchitecture[] = ['hopper', 'blackwell', 'ls10'];

/** What is accepted of NVIDIA devices, and whether a host must show any. */
export interface NvidiaPolicy {
  /** Fewer GPUs than this beside the CPU's evidence are refused; 0 asks for none. */
  readonly minGpus: number;
  readonly minSwitches: number;
  readonly architectures: readonly NvidiaArchitecture[];
  /** Compare every measurement with signed reference manifests; without it they stay unknown, marked optional. */
  readonly requireRims: boolean;
  /** Ask for an OCSP answer for every certificate; without it revocation may stay unknown, marked optional. */
  readonly requireOcsp: boolean;
  /** Dotted versions: older drivers are refused; absent accepts any. */
  readonly minDriverVersion?: string;
}
