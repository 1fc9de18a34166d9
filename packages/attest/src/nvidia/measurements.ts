import type { CommonMeasurements } from '../measurements.ts';
import type { NvidiaArchitecture } from '../policy/nvidia-policy.ts';
import type { GpuMode } from './device-facts.ts';

/** What one authentic GPU or switch says about itself. Byte strings as lowercase hex; null where it says nothing. */
export interface NvidiaDeviceMeasurements {
  readonly role: 'gpu' | 'switch';
  readonly architecture: NvidiaArchitecture;
  /** As in the certificate: `GH100`, `GB100`, `LS_10` … */
  readonly chip: string;
  /** Serial number of the identity certificate: names the device for its whole life. */
  readonly serial: string;
  readonly driverVersion: string | null;
  readonly vbiosVersion: string;
  /** Ids of the manifests that describe it: one driver and one VBIOS, or a VBIOS alone. */
  readonly rimIds: readonly string[];
  /** Of the firmware that made the attestation key. */
  readonly firmwareId: string;
  readonly gpuMode: GpuMode | null;
  /** Measurement values by SPDM index. */
  readonly blocks: Readonly<Record<number, string>>;
}

export interface NvidiaMeasurements extends CommonMeasurements {
  readonly kind: 'nvidia';
  /** In the order of the evidence. */
  readonly devices: readonly NvidiaDeviceMeasurements[];
}

/** What NVIDIA's attestation service says about one device: its word, not the device's. */
export interface NrasDeviceMeasurements {
  /** Name of the submodule, for example `GPU-0`. */
  readonly name: string;
  readonly hardwareModel: string;
  /** Decimal, as the service writes it. */
  readonly ueid: string;
  readonly driverVersion: string | null;
  readonly vbiosVersion: string | null;
}

export interface NrasMeasurements extends CommonMeasurements {
  readonly kind: 'nras';
  readonly issuer: string;
  readonly devices: readonly NrasDeviceMeasurements[];
}
