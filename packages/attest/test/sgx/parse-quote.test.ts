import { MAX_QUOTE_BYTES, parseSgxQuote } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { type SimulatedSgxQuoteOptions, signSimulatedSgxQuote } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { platform } from '../simulated-evidence.ts';

const make = (options: SimulatedSgxQuoteOptions = {}): Uint8Array<ArrayBuffer> =>
  signSimulatedSgxQuote(platform.vendor, options);

// Offsets: Intel SGX ECDSA Quote Library API, appendix A.4.
const BODY = 48;
const SIGNATURE_DATA_LENGTH = BODY + 384;
const QE_REPORT = SIGNATURE_DATA_LENGTH + 4 + 128;
const AUTH_DATA_SIZE = QE_REPORT + 384 + 64;

describe('parseSgxQuote', () => {
  it('reads every field of the report back', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const u16 = fc.integer({ min: 0, max: 0xffff });
    const enclaves = fc.record({
      cpuSvn: bytes(16),
      miscSelect: bytes(4),
      attributes: bytes(16),
      mrEnclave: bytes(32),
      mrSigner: bytes(32),
      isvProdId: u16,
      isvSvn: u16,
      reportData: bytes(64),
    });
    fc.assert(
      fc.property(enclaves, fc.uint8Array({ maxLength: 200 }), (enclave, authData) => {
        const quote = parseSgxQuote(make({ enclave, authData }));
        for (const [field, value] of Object.entries(enclave)) {
          expect(JSON.stringify(quote.body[field as keyof typeof enclave]), field).toBe(
            JSON.stringify(value),
          );
        }
        expect(toHex(quote.authData)).toBe(toHex(authData));
        expect(quote.signedBytes).toHaveLength(432);
      }),
      { numRuns: 10 },
    );
  });

  it('refuses every truncation', () => {
    const quote = make();
    for (let length = 0; length < quote.length; length++) {
      expect(() => parseSgxQuote(quote.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ATTEST_FORMAT' }),
      );
    }
  });

  it('takes zero padding up to the limit, and nothing else after the signature data', () => {
    const padded = make({ zeroPadding: 70 });
    expect(parseSgxQuote(padded).body.isvSvn).toBe(4);
    padded[padded.length - 1] = 1;
    expect(() => parseSgxQuote(padded)).toThrow('padding after the signature data must be zero');
    expect(() => parseSgxQuote(make({ zeroPadding: MAX_QUOTE_BYTES }))).toThrow('longer than 16384');
  });

  it.each([
    [1, 'a plain PPID'],
    [2, 'a PPID encrypted to RSA-2048'],
    [3, 'a PPID encrypted to RSA-3072'],
    [4, 'a PCK certificate alone'],
    [6, 'a QE report'],
    [7, 'a platform manifest'],
    [8, 'unknown'],
  ])('refuses certification data of type %i: %s', (certificationType, name) => {
    const refusal = `PCK certification data has type ${certificationType} (${name}), expected 5 at offset ${AUTH_DATA_SIZE + 34}`;
    expect(() => parseSgxQuote(make({ certificationType }))).toThrow(refusal);
  });

  it.each([
    ['another version', { version: 4 }, 'version 4 is not supported (expected 3) at offset 0'],
    ['another key type', { attestationKeyType: 3 }, 'attestation key type 3 is not ECDSA P-256 at offset 2'],
    ['a TDX quote', { teeType: 0x81 }, 'TEE type 0x81 is not SGX at offset 4'],
  ] as const)('refuses %s', (_what, options, message) => {
    expect(() => parseSgxQuote(make(options))).toThrow(message);
  });

  it.each([20, 31, 96, 127, 160, 191, 262, 303])(
    'refuses a reserved byte %i of a report that is not zero',
    (at) => {
      for (const report of [BODY, QE_REPORT]) {
        const quote = make();
        quote[report + at] = 1;
        expect(() => parseSgxQuote(quote)).toThrow(`reserved must be zero at offset ${report + at}`);
      }
    },
  );

  it.each([
    ['another QE vendor', 12, 0, 'QE vendor is not Intel'],
    ['a longer signature data', SIGNATURE_DATA_LENGTH, 0xff, 'signature data'],
    ['longer auth data', AUTH_DATA_SIZE, 33, 'PCK certification data'],
  ])('refuses %s', (_what, offset, value, message) => {
    const quote = make();
    quote[offset] = value;
    expect(() => parseSgxQuote(quote)).toThrow(message);
  });
});
