/**
 * Intel collateral as its services publish it: bodies exactly as signed, since signatures cover the bytes.
 * All from outside, all authenticated by the verifier. TDX and SGX have the same shape with different documents.
 */
export interface IntelCollateral {
  readonly pckCrlIssuerChainPem: string;
  /** DER as lowercase hex. */
  readonly rootCaCrlHex: string;
  readonly pckCrlHex: string;
  readonly tcbInfoIssuerChainPem: string;
  /** The exact text of the `tcbInfo` member. */
  readonly tcbInfo: string;
  readonly tcbInfoSignatureHex: string;
  readonly qeIdentityIssuerChainPem: string;
  /** The exact text of the `enclaveIdentity` member. */
  readonly qeIdentity: string;
  readonly qeIdentitySignatureHex: string;
}
