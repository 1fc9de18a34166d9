import { decodeTcb, parseSnpReport, productOfProcessor, SNP_REPORT_BYTES } from '@dcml/attest';
import { isDcmlError, toHex } from '@dcml/core';
import { signSimulatedSnpReport, simulatedSnpFields, writeAmdTcb } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genoa, vendorOf } from './simulated-snp.ts';

const report = signSimulatedSnpReport(genoa, 5, {
  fields: {
    guestSvn: 0x01020304,
    policy: 0x3ff0137,
    familyId: new Uint8Array(16).fill(0x11),
    imageId: new Uint8Array(16).fill(0x12),
    vmpl: 3,
    platformInfo: 0xff,
    keyInfo: 0b11101,
    reportData: new Uint8Array(64).fill(0x13),
    measurement: new Uint8Array(48).fill(0x14),
    hostData: new Uint8Array(32).fill(0x15),
    idKeyDigest: new Uint8Array(48).fill(0x16),
    authorKeyDigest: new Uint8Array(48).fill(0x17),
    reportId: new Uint8Array(32).fill(0x18),
    migrationAgentReportId: new Uint8Array(32).fill(0x19),
    processor: Uint8Array.of(1, 2, 3),
    chipId: new Uint8Array(64).fill(0x1a),
    currentTcb: new Uint8Array(8).fill(0x21),
    reportedTcb: new Uint8Array(8).fill(0x22),
    committedTcb: new Uint8Array(8).fill(0x23),
    launchTcb: new Uint8Array(8).fill(0x24),
    currentVersion: Uint8Array.of(4, 5, 6),
    committedVersion: Uint8Array.of(7, 8, 9),
    launchMitigations: new Uint8Array(8).fill(0x25),
    currentMitigations: new Uint8Array(8).fill(0x26),
  },
});

/** The message of the refusal of `bytes`; anything but a typed refusal fails the test. */
function refusal(bytes: Uint8Array): string {
  try {
    parseSnpReport(bytes);
  } catch (error) {
    if (!isDcmlError(error)) throw error;
    expect(error.code).toBe('ATTEST_FORMAT');
    return error.message;
  }
  return 'accepted';
}

function changed(offset: number, ...values: number[]): Uint8Array {
  const bytes = Uint8Array.from(report);
  bytes.set(values, offset);
  return bytes;
}

describe('parseSnpReport', () => {
  it('reads every field of version 5', () => {
    const parsed = parseSnpReport(report);
    const fill = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
    expect(parsed).toEqual({
      version: 5,
      guestSvn: 0x01020304,
      policy: {
        abiMinor: 0x37,
        abiMajor: 1,
        allowsSmt: true,
        allowsMigrationAgent: true,
        allowsDebug: true,
        isSingleSocket: true,
        allowsCxl: true,
        requiresAes256Xts: true,
        requiresRaplDisabled: true,
        requiresCiphertextHiding: true,
        disablesPageSwap: true,
      },
      familyId: fill(16, 0x11),
      imageId: fill(16, 0x12),
      vmpl: 3,
      platformInfo: {
        smtEnabled: true,
        tsmeEnabled: true,
        eccEnabled: true,
        raplDisabled: true,
        ciphertextHiding: true,
        aliasCheckComplete: true,
        iommuWriteSafe: true,
        trustedIo: true,
      },
      hasAuthorKey: true,
      isChipKeyMasked: false,
      signingKey: 'none',
      reportData: fill(64, 0x13),
      measurement: fill(48, 0x14),
      hostData: fill(32, 0x15),
      idKeyDigest: fill(48, 0x16),
      authorKeyDigest: fill(48, 0x17),
      reportId: fill(32, 0x18),
      migrationAgentReportId: fill(32, 0x19),
      processor: { family: 1, model: 2, stepping: 3 },
      chipId: fill(64, 0x1a),
      currentTcb: fill(8, 0x21),
      reportedTcb: fill(8, 0x22),
      committedTcb: fill(8, 0x23),
      launchTcb: fill(8, 0x24),
      currentVersion: { build: 4, minor: 5, major: 6 },
      committedVersion: { build: 7, minor: 8, major: 9 },
      launchMitigations: fill(8, 0x25),
      currentMitigations: fill(8, 0x26),
      signedBytes: report.subarray(0, 0x2a0),
      signature: Uint8Array.of(
        ...report.slice(0x2a0, 0x2a0 + 48).reverse(),
        ...report.slice(0x2e8, 0x2e8 + 48).reverse(),
      ),
    });
  });

  // Bit by bit: the policy at 0x08 (16 SMT, 18 to 25), the platform info at 0x40 (0 to 7), the key info at 0x48.
  it.each([
    [0x0a, 0, 'policy', 'allowsSmt'],
    [0x0a, 2, 'policy', 'allowsMigrationAgent'],
    [0x0a, 3, 'policy', 'allowsDebug'],
    [0x0a, 4, 'policy', 'isSingleSocket'],
    [0x0a, 5, 'policy', 'allowsCxl'],
    [0x0a, 6, 'policy', 'requiresAes256Xts'],
    [0x0a, 7, 'policy', 'requiresRaplDisabled'],
    [0x0b, 0, 'policy', 'requiresCiphertextHiding'],
    [0x0b, 1, 'policy', 'disablesPageSwap'],
    [0x40, 0, 'platformInfo', 'smtEnabled'],
    [0x40, 1, 'platformInfo', 'tsmeEnabled'],
    [0x40, 2, 'platformInfo', 'eccEnabled'],
    [0x40, 3, 'platformInfo', 'raplDisabled'],
    [0x40, 4, 'platformInfo', 'ciphertextHiding'],
    [0x40, 5, 'platformInfo', 'aliasCheckComplete'],
    [0x40, 6, 'platformInfo', 'iommuWriteSafe'],
    [0x40, 7, 'platformInfo', 'trustedIo'],
  ] as const)('byte 0x%s bit %s of %s is %s', (offset, bit, part, name) => {
    const bytes = Uint8Array.from(report);
    bytes[offset] = bytes[offset]! ^ (1 << bit);
    const before: Readonly<Record<string, unknown>> = { ...parseSnpReport(report)[part] };
    expect({ ...parseSnpReport(bytes)[part] }).toEqual({ ...before, [name]: false });
  });

  it.each([
    [0, 'vcek'],
    [1, 'vlek'],
    [7, 'none'],
  ])('signing key %i is %s', (kind, name) => {
    expect(parseSnpReport(changed(0x48, (kind << 2) | 2))).toMatchObject({
      signingKey: name,
      isChipKeyMasked: true,
      hasAuthorKey: false,
    });
  });

  it.each([2, 3, 4, 5])('version %i: CPUID from 3 on, mitigation vectors from 5 on', (version) => {
    const parsed = parseSnpReport(signSimulatedSnpReport(vendorOf('turin'), version));
    expect(parsed.processor).toEqual(version < 3 ? undefined : { family: 0x1a, model: 2, stepping: 1 });
    expect(parsed.launchMitigations).toEqual(
      version < 5 ? undefined : simulatedSnpFields(vendorOf('turin'), 5).launchMitigations,
    );
    expect(parsed.currentMitigations === undefined).toBe(version < 5);
  });

  it('refuses every length but 1,184', () => {
    for (let length = 0; length < SNP_REPORT_BYTES; length++) {
      expect(refusal(report.slice(0, length))).toBe(
        `SNP report: has ${length} bytes, expected 1184 at offset 0`,
      );
    }
    expect(refusal(Uint8Array.of(...report, 0))).toMatch(/has 1185 bytes/);
  });

  it.each([0, 1, 6, 7, 255])('refuses version %i', (version) => {
    expect(refusal(changed(0, version))).toMatch(/version \d+ is not supported.* at offset 0$/);
  });
  it('refuses a version in its upper bytes', () => {
    expect(refusal(changed(3, 1))).toMatch(/version 16777221 is not supported/);
  });

  it.each([
    ['bit 17 of the guest policy zero', changed(0x0a, 0xfd), /bit 17 .*offset 10$/],
    ...[2, 3, 4, 5, 6, 7].map(
      (bit) =>
        [
          `bit ${24 + bit} of the guest policy`,
          changed(0x0b, 1 << bit),
          /guest policy must be zero at offset 11$/,
        ] as const,
    ),
    ['bit 32 of the guest policy', changed(0x0c, 1), /guest policy must be zero at offset 12$/],
    ['bit 63 of the guest policy', changed(0x0f, 0x80), /guest policy must be zero at offset 15$/],
    ['VMPL 4', changed(0x30, 4), /VMPL 4 does not exist.*offset 48$/],
    ['report that the host asked for', changed(0x30, 255, 255, 255, 255), /VMPL 4294967295 .*offset 48$/],
    ['no signature algorithm', changed(0x34, 0), /signature algorithm 0 .*offset 52$/],
    ['unknown signature algorithm', changed(0x34, 2), /signature algorithm 2 .*offset 52$/],
    ['bit 8 of the platform info', changed(0x41, 1), /platform info must be zero at offset 65$/],
    ['bit 63 of the platform info', changed(0x47, 0x80), /platform info must be zero at offset 71$/],
    ...[2, 3, 4, 5, 6].map(
      (kind) => [`signing key ${kind}`, changed(0x48, kind << 2), /reserved kind at offset 72$/] as const,
    ),
    ['bit 5 of the key info', changed(0x48, 0x20), /key info must be zero at offset 72$/],
    ['bit 31 of the key info', changed(0x4b, 0x80), /key info must be zero at offset 72$/],
    ['byte after the key info', changed(0x4f, 1), /after the key info must be zero at offset 79$/],
    ['byte after the CPUID', changed(0x18b, 1), /after the reported TCB must be zero at offset 395$/],
    ['byte before the chip id', changed(0x19f, 1), /after the reported TCB must be zero at offset 415$/],
    [
      'byte after the current version',
      changed(0x1eb, 1),
      /after the current version must be zero at offset 491$/,
    ],
    [
      'byte after the committed version',
      changed(0x1ef, 1),
      /after the committed version must be zero at offset 495$/,
    ],
    [
      'byte after the mitigation vectors',
      changed(0x208, 1),
      /before the signature must be zero at offset 520$/,
    ],
    ['byte before the signature', changed(0x29f, 1), /before the signature must be zero at offset 671$/],
    ['upper byte of r', changed(0x2d0, 1), /upper bytes of r must be zero at offset 720$/],
    ['last byte of r', changed(0x2e7, 1), /upper bytes of r must be zero at offset 743$/],
    ['upper byte of s', changed(0x318, 1), /upper bytes of s must be zero at offset 792$/],
    ['byte after the signature', changed(0x330, 1), /after the signature must be zero at offset 816$/],
    ['last byte', changed(0x49f, 1), /after the signature must be zero at offset 1183$/],
    ['CPUID in version 2', changed(0, 2), /after the reported TCB must be zero at offset 392$/],
    ['mitigation vector in version 4', changed(0, 4), /before the signature must be zero at offset 504$/],
    ['mitigation vector in version 3', changed(0, 3), /before the signature must be zero at offset 504$/],
  ] as const)('refuses: %s', (_, bytes, problem) => {
    expect(refusal(bytes)).toMatch(problem);
  });

  it('never throws anything but a typed refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: SNP_REPORT_BYTES, maxLength: SNP_REPORT_BYTES }), (bytes) => {
        bytes.set([3, 0, 0, 0]);
        expect(refusal(bytes)).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });
});

describe('decodeTcb', () => {
  const component = fc.integer({ min: 0, max: 255 });
  const legacy = { bootloader: component, tee: component, snp: component, microcode: component };

  it('reads what firmware of each product writes', () => {
    fc.assert(
      fc.property(fc.constantFrom('milan' as const, 'genoa' as const), fc.record(legacy), (product, tcb) => {
        expect(decodeTcb(writeAmdTcb(product, tcb), product)).toEqual(tcb);
      }),
    );
    fc.assert(
      fc.property(fc.record({ ...legacy, fmc: component }), (tcb) => {
        expect(decodeTcb(writeAmdTcb('turin', tcb), 'turin')).toEqual(tcb);
      }),
    );
  });

  it.each([
    ['genoa', [2, 3, 4, 5]],
    ['milan', [2, 3, 4, 5]],
    ['turin', [4, 5, 6]],
  ] as const)('refuses reserved bytes of %s', (product, reserved) => {
    for (let i = 0; i < 8; i++) {
      const raw = new Uint8Array(8);
      raw[i] = 1;
      const decode = (): unknown => decodeTcb(raw, product, 'x', 100);
      if ((reserved as readonly number[]).includes(i)) {
        expect(decode).toThrow(`x: reserved byte must be zero at offset ${100 + i}`);
      } else expect(decode).not.toThrow();
    }
  });

  it('refuses other lengths', () => {
    expect(() => decodeTcb(new Uint8Array(7), 'genoa')).toThrow('has 7 bytes');
  });

  it('reads a published value: 04000000000018d9 of a Milan', () => {
    const raw = Uint8Array.of(4, 0, 0, 0, 0, 0, 0x18, 0xd9);
    expect(toHex(raw)).toBe('04000000000018d9');
    expect(decodeTcb(raw, 'milan')).toEqual({ bootloader: 4, tee: 0, snp: 0x18, microcode: 0xd9 });
  });
});

it.each([
  [0x19, 0x00, 'milan'],
  [0x19, 0x0f, 'milan'],
  [0x19, 0x10, 'genoa'],
  [0x19, 0x1f, 'genoa'],
  [0x19, 0x20, undefined],
  [0x19, 0x9f, undefined],
  [0x19, 0xa0, 'genoa'],
  [0x19, 0xaf, 'genoa'],
  [0x19, 0xb0, undefined],
  [0x1a, 0x00, 'turin'],
  [0x1a, 0x1f, 'turin'],
  [0x1a, 0x20, undefined],
  [0x17, 0x31, undefined],
  [0x1b, 0x02, undefined],
])('family 0x%s model 0x%s is %s', (family, model, product) => {
  expect(productOfProcessor({ family, model, stepping: 0 })).toBe(product);
});
