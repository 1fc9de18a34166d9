/** An AWS Nitro Enclaves attestation document. */
export interface NitroEvidence {
  readonly kind: 'nitro';
  /** COSE_Sign1, which holds its whole certificate chain. */
  readonly document: Uint8Array;
}
