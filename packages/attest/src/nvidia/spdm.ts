/** One DMTF measurement block: a SHA-384 digest. */
export interface MeasurementBlock {
  /** 1 to 254. */
  readonly index: number;
  /** DMTFSpecMeasurementValueType without its top bit: 0 ROM, 1 mutable firmware, 2 hardware, 3 firmware configuration … */
  readonly type: number;
  /** 48 bytes. */
  readonly value: Uint8Array;
}

/** What a device answered to one GET_MEASUREMENTS request of SPDM 1.1, read and not yet believed. */
export interface SpdmReport {
  /** Nonce of the request, 32 bytes: what the verifier asked for. */
  readonly nonce: Uint8Array;
  /** Nonce of the response, 32 bytes: the device's own. */
  readonly deviceNonce: Uint8Array;
  /** In ascending order of their index. */
  readonly blocks: readonly MeasurementBlock[];
  /** NVIDIA's opaque fields by type. */
  readonly opaque: ReadonlyMap<number, Uint8Array>;
  /** Request and response up to the signature: what the device signs. */
  readonly signedBytes: Uint8Array;
  /** r and s, 96 bytes. */
  readonly signature: Uint8Array;
}
