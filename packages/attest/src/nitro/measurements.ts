import type { CommonMeasurements } from '../measurements.ts';

/** What an authentic Nitro document says. `reportData` is its `user_data`. */
export interface NitroMeasurements extends CommonMeasurements {
  readonly kind: 'nitro';
  /** Parent instance and enclave, for example `i-0123456789abcdef0-enc0123456789abcdef`. */
  readonly moduleId: string;
  /** When the hypervisor made the document, in milliseconds since 1970. */
  readonly timestampMs: number;
  /** Lowercase hex by PCR number. */
  readonly pcrs: Readonly<Record<string, string>>;
  /** The other two values that the enclave may choose, lowercase hex. */
  readonly publicKey: string | null;
  readonly nonce: string | null;
}
