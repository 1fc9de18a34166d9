/** Accepted values of one register: lowercase hex. */
export type RegisterRules = Readonly<Record<string, readonly string[]>>;

/** What is accepted of AWS Nitro Enclaves. */
export interface NitroPolicy {
  /** By PCR number, `"0"` to `"31"`, 48 bytes each; `null` accepts any image (debug documents are refused always). */
  readonly pcrs: RegisterRules | null;
}

/** What is accepted of TPM quotes, Azure's vTPM included. */
export interface TpmPolicy {
  /** By PCR number, `"0"` to `"23"`, in the bank of the quote; `null` accepts any. */
  readonly pcrs: RegisterRules | null;
  /** PCR numbers that a quote has to cover. */
  readonly requiredPcrs: readonly number[];
}
