/** Header of a quote (48 bytes). */
export interface QuoteHeader {
  readonly version: number;
  /** 2 is ECDSA over P-256. */
  readonly attestationKeyType: number;
  /** 0x81 is TDX. */
  readonly teeType: number;
  readonly vendorId: Uint8Array;
}

/** TD report body 1.0 (584 bytes): what the TDX module says about the guest. */
export interface TdBody {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  readonly reportData: Uint8Array;
}

/** Report of the quoting enclave (384 bytes), signed by the PCK key. */
export interface QeReport {
  readonly bytes: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Uint8Array;
}

/** A TDX quote, read and not yet believed. */
export interface TdxQuote {
  readonly header: QuoteHeader;
  readonly body: TdBody;
  /** Header and body: what the attestation key signs. */
  readonly signedBytes: Uint8Array;
  /** r and s, 64 bytes. */
  readonly signature: Uint8Array;
  /** x and y, 64 bytes. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: QeReport;
  readonly qeReportSignature: Uint8Array;
  readonly authData: Uint8Array;
  /** PEM of leaf, CA and root. */
  readonly pckChainPem: string;
}
