/**
 * Intel collateral as its services publish it: bodies exactly as signed, since signatures cover the bytes.
 * All from outside, all authenticated by the verifier.
 */
export interface TdxCollateral {
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

/** One entry of a dstack event log: what was extended into which runtime register. */
export interface RuntimeEvent {
  readonly imr: number;
  readonly eventType: number;
  /** SHA-384 as lowercase hex. */
  readonly digest: string;
  readonly event: string;
  /** Lowercase hex. */
  readonly eventPayload: string;
}

/** Evidence of a dstack guest: a TDX quote and what explains its registers. */
export interface DstackTdxEvidence {
  readonly kind: 'dstack-tdx';
  readonly quote: Uint8Array;
  readonly eventLog: readonly RuntimeEvent[];
  /** The exact text whose SHA-256 is the `compose-hash` event. */
  readonly appCompose: string;
  readonly collateral: TdxCollateral;
}

/** A TDX quote by itself: what its firmware and registers mean is for the policy to know. */
export interface TdxEvidence {
  readonly kind: 'tdx';
  readonly quote: Uint8Array;
  readonly collateral: TdxCollateral;
}

export type Evidence = DstackTdxEvidence | TdxEvidence;
