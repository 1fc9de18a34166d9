/** Event types of the TCG PC Client Platform Firmware Profile 1.06, section 10.4.1. */
export const eventTypes = {
  noAction: 0x3,
  separator: 0x4,
  action: 0x5,
  crtmVersion: 0x8,
  ipl: 0xd,
  omitBootDeviceEvents: 0x12,
  variableDriverConfig: 0x8000_0001,
  variableBoot: 0x8000_0002,
  gptEvent: 0x8000_0006,
  efiAction: 0x8000_0007,
  variableBoot2: 0x8000_000c,
  variableAuthority: 0x8000_00e0,
} as const;

/** TPM_ALG_ID (TPM 2.0 Library, Part 2, section 6.3) and the digest's length. */
export const digestLengths: ReadonlyMap<number, number> = new Map([
  [0x04, 20],
  [0x0b, 32],
  [0x0c, 48],
  [0x0d, 64],
  [0x12, 32],
]);

export const algorithmIds = { sha1: 0x04, sha256: 0x0b, sha384: 0x0c, sha512: 0x0d } as const;
