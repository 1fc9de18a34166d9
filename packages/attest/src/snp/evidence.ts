/** What AMD's key distribution service publishes about one chip or one provider's loaded key. */
export interface SnpCollateral {
  /** DER of the VCEK or VLEK certificate as lowercase hex. */
  readonly endorsementCertificateHex: string;
  /** PEM of the signing CA (ASK or ASVK) and the root (ARK), in this order. */
  readonly issuerChainPem: string;
  /** DER of the CRL that the ARK signed, as lowercase hex; null leaves revocation unknown, and so the verdict. */
  readonly crlHex: string | null;
}

/** An AMD SEV-SNP attestation report, version 2 to 5. */
export interface SnpEvidence {
  readonly kind: 'snp';
  /** 1,184 bytes. */
  readonly report: Uint8Array;
  readonly collateral: SnpCollateral;
  /** The application compose whose SHA-256 the guest was launched with as HOST_DATA. */
  readonly appCompose?: string;
}
