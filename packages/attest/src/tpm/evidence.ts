export type PcrBank = 'sha1' | 'sha256' | 'sha384';

/** A TPM 2.0 quote and the register values that it signs. */
export interface TpmQuote {
  /** TPMS_ATTEST. */
  readonly message: Uint8Array;
  /** TPMT_SIGNATURE, or the bytes of an RSA signature alone as Azure's agent hands out. */
  readonly signature: Uint8Array;
  readonly bank: PcrBank;
  /** Values by PCR number. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
}

/** A TPM 2.0 quote under the certificate of its attestation key. */
export interface TpmEvidence {
  readonly kind: 'tpm';
  readonly quote: TpmQuote;
  /** The TCG event log (`binary_bios_measurements`), replayed when present. */
  readonly eventLog?: Uint8Array;
  /** PEM from the attestation key's certificate up to its root. */
  readonly akChainPem: string;
  /** DER of each issuer's CRL as lowercase hex; what none covers stays unknown. */
  readonly crlsHex: readonly string[];
}
