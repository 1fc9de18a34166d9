// TPM 2.0 library specification, part 2.

/** Command codes (section 6.5.2). */
export const tpmCommands = {
  createPrimary: 0x131,
  nvRead: 0x14e,
  quote: 0x158,
  flushContext: 0x165,
  nvReadPublic: 0x169,
  readPublic: 0x173,
  getCapability: 0x17a,
  getRandom: 0x17b,
  pcrRead: 0x17e,
  pcrExtend: 0x182,
} as const;

export type TpmCommandName = keyof typeof tpmCommands;

/** Structure tags (section 6.9). */
export const TAG_NO_SESSIONS = 0x8001;
export const TAG_SESSIONS = 0x8002;
export const TAG_ATTEST_QUOTE = 0x8018;

/** `TPM_GENERATED_VALUE`: the TPM made the structure itself. */
export const GENERATED = 0xff544347;

/** Permanent handles (section 7.4). */
export const handles = { owner: 0x40000001, passwordSession: 0x40000009, endorsement: 0x4000000b } as const;
export const TRANSIENT_FIRST = 0x80000000;

/** Algorithms (section 6.3). */
export const algorithms = { sha256: 0x000b, null: 0x0010, ecdsa: 0x0018, ecc: 0x0023 } as const;
export const CURVE_P256 = 0x0003;

/** Response codes that ask for the same command again (section 6.6.3). */
export const RETRY_CODES: ReadonlySet<number> = new Set([0x908, 0x90a, 0x922]);
/** No room for another transient object. */
export const RC_OBJECT_MEMORY = 0x902;

/** Object attributes (section 8.3). */
export const objectAttributes = {
  fixedTpm: 0x00002,
  fixedParent: 0x00010,
  sensitiveDataOrigin: 0x00020,
  userWithAuth: 0x00040,
  noDictionaryAttack: 0x00400,
  restricted: 0x10000,
  sign: 0x40000,
} as const;
