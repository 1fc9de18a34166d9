import { MAX_QUOTE_BYTES, parseTdxQuote } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { type SimulatedQuoteOptions, signSimulatedQuote, simulatedTdReport } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { platform, reportData } from '../simulated-evidence.ts';

const { vendor } = platform;
const make = (options: SimulatedQuoteOptions = {}): Uint8Array<ArrayBuffer> =>
  signSimulatedQuote(vendor, options);
const refusal = { code: 'ATTEST_FORMAT' };

// Offsets: Intel TDX DCAP Quoting Library API, appendix A.3.
const SIGNATURE_DATA_LENGTH = 632;
const CERTIFICATION_TYPE = 636 + 128;
const AUTH_DATA_SIZE = CERTIFICATION_TYPE + 6 + 384 + 64;

describe('parseTdxQuote', () => {
  it('reads every field of the TD report back', () => {
    const bytes48 = fc.uint8Array({ minLength: 48, maxLength: 48 });
    fc.assert(
      fc.property(
        bytes48,
        bytes48,
        bytes48,
        fc.uint8Array({ maxLength: 200 }),
        (mrTd, mrOwner, rtmr, authData) => {
          const td = {
            ...simulatedTdReport(),
            mrTd,
            mrOwner,
            rtmrs: [rtmr, mrTd, mrOwner, rtmr],
            reportData,
          };
          const quote = parseTdxQuote(make({ td, authData }));
          for (const [field, value] of Object.entries(td)) {
            const read = quote.body[field as keyof typeof quote.body];
            expect(JSON.stringify(read), field).toBe(JSON.stringify(value));
          }
          expect(toHex(quote.authData)).toBe(toHex(authData));
          expect(quote.signedBytes).toHaveLength(632);
          expect(quote.pckChainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('refuses every truncation, naming an offset', () => {
    const quote = make();
    for (let length = 0; length < quote.length; length++) {
      expect(() => parseTdxQuote(quote.slice(0, length))).toThrow(expect.objectContaining(refusal));
    }
    expect(() => parseTdxQuote(quote.slice(0, 100))).toThrow(
      'TD report needs 584 bytes, 52 are left at offset 48',
    );
  });

  it('takes zero padding up to the limit, and nothing else after the signature data', () => {
    expect(parseTdxQuote(make({ zeroPadding: 70 })).body.reportData).toHaveLength(64);
    const padded = make({ zeroPadding: 70 });
    padded[padded.length - 1] = 1;
    expect(() => parseTdxQuote(padded)).toThrow(
      `padding after the signature data must be zero at offset ${padded.length - 1}`,
    );
    expect(() => parseTdxQuote(make({ zeroPadding: MAX_QUOTE_BYTES }))).toThrow('longer than 16384');
  });

  it.each([
    ['another version', { version: 6 }, 'version 6 is not supported (expected 4 or 5) at offset 0'],
    ['another key type', { attestationKeyType: 3 }, 'attestation key type 3 is not ECDSA P-256 at offset 2'],
    ['an SGX quote', { teeType: 0 }, 'TEE type 0x0 is not TDX at offset 4'],
    ['a chain that is not ASCII', { pckChainPem: 'é' }, 'PCK chain is not ASCII'],
  ] as const)('refuses %s', (_what, options, message) => {
    expect(() => parseTdxQuote(make(options))).toThrow(message);
  });

  it.each([
    ['a reserved header byte', 8, 1, 'reserved must be zero'],
    ['another QE vendor', 12, 0, 'QE vendor is not Intel'],
    ['a longer signature data', SIGNATURE_DATA_LENGTH, 0xff, 'signature data'],
    [
      'another certification type',
      CERTIFICATION_TYPE,
      5,
      'QE certification data has type 5 (a PCK certificate chain), expected 6',
    ],
    ['a shorter certification', CERTIFICATION_TYPE + 2, 0, 'unexplained bytes'],
    ['longer auth data', AUTH_DATA_SIZE, 33, 'PCK certification data'],
  ])('refuses %s', (_what, offset, value, message) => {
    const quote = make();
    quote[offset] = value;
    expect(() => parseTdxQuote(quote)).toThrow(message);
  });
});
