/** BLS12-381 as the beacon chain uses it: public keys in G1, signatures in G2, ciphersuite `..._POP_`. */
export interface BlsVerifier {
  /**
   * `FastAggregateVerify` (draft-irtf-cfrg-bls-signature section 3.3.4): true if `signature` (96 bytes) is the
   * aggregate of signatures of all `publicKeys` (48 bytes each, at least one) over one `message`. False, never an
   * exception, on keys or signatures that are no valid points.
   */
  fastAggregateVerify(publicKeys: readonly Uint8Array[], message: Uint8Array, signature: Uint8Array): boolean;
}
