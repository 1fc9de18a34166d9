/** TPM_ALG_ID (TPM 2.0 Library, Part 2, section 6.3). */
export const tpmAlgorithms = {
  rsa: 0x0001,
  sha1: 0x0004,
  aes: 0x0006,
  sha256: 0x000b,
  sha384: 0x000c,
  null: 0x0010,
  rsassa: 0x0014,
  rsapss: 0x0016,
  ecdsa: 0x0018,
  ecc: 0x0023,
} as const;

/** Highest PCR number and one (PC Client Platform TPM Profile, section 4.6). */
export const PCR_COUNT = 24;
