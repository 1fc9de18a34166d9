/** One GPU or switch: its SPDM measurement exchange and its certificates. */
export interface NvidiaDeviceEvidence {
  readonly role: 'gpu' | 'switch';
  /** GET_MEASUREMENTS request (37 bytes) and the signed response, one after the other. */
  readonly report: Uint8Array;
  /** PEM from the attestation key's certificate up to the device root. */
  readonly certificateChainPem: string;
  /** DER of OCSP responses about the chain's certificates; what no response covers stays unknown. */
  readonly ocspResponses: readonly Uint8Array[];
}

/** A reference integrity manifest (SWID XML) of a driver or a VBIOS, with what says that its signer is not revoked. */
export interface NvidiaRim {
  readonly xml: string;
  readonly ocspResponses: readonly Uint8Array[];
}

/** All GPUs and switches of one machine, under one nonce. */
export interface NvidiaEvidence {
  readonly kind: 'nvidia';
  readonly devices: readonly NvidiaDeviceEvidence[];
  readonly rims: readonly NvidiaRim[];
}

/** What NVIDIA's remote attestation service said: entity attestation tokens, and the keys that sign them. */
export interface NrasEvidence {
  readonly kind: 'nras';
  /** The detached EAT bundle or the single token, as the service answered. */
  readonly token: string;
  /** The JSON Web Key Set of the service, given by the caller. */
  readonly jwks: string;
}
