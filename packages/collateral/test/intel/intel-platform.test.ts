import { systemRandom } from '@dcml/core';
import { createSimulatedVendor, signSimulatedQuote, simulatedChainPem } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollateralError, fetchIntelCollateral, readIntelPlatform } from '../../src/index.ts';
import { fmspc, NOW_MS, policy, quote, vendor } from './intel-setup.ts';

/** Runs the reader over anything; only its own refusal may come out. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    readIntelPlatform(bytes);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(CollateralError);
    expect(error).toMatchObject({ code: 'COLLATERAL_INPUT' });
    return true;
  }
}

describe('readIntelPlatform', () => {
  it('reads TEE, FMSPC and CA out of a quote', () => {
    expect(readIntelPlatform(quote)).toEqual({ tee: 'tdx', fmspc, ca: 'platform' });
    const processor = createSimulatedVendor({
      random: systemRandom,
      nowMs: NOW_MS,
      certificates: {
        pckCa: { subject: 'SIMULATED SGX PCK Processor CA' },
        pck: { issuer: 'SIMULATED SGX PCK Processor CA' },
      },
    });
    expect(readIntelPlatform(signSimulatedQuote(processor)).ca).toBe('processor');
  });

  it('refuses a quote that is cut anywhere', () => {
    for (let length = 0; length < quote.length; length += 7)
      expect(isRefused(quote.subarray(0, length))).toBe(true);
  });

  it('refuses other versions, other TEEs and chains that are none', () => {
    expect(isRefused(signSimulatedQuote(vendor, { version: 6 }))).toBe(true);
    expect(isRefused(signSimulatedQuote(vendor, { version: 3 }))).toBe(true);
    expect(isRefused(signSimulatedQuote(vendor, { teeType: 0x82 }))).toBe(true);
    expect(
      isRefused(signSimulatedQuote(vendor, { pckChainPem: simulatedChainPem(vendor, 'pck', 'pckCa') })),
    ).toBe(true);
    expect(
      isRefused(
        signSimulatedQuote(vendor, { pckChainPem: simulatedChainPem(vendor, 'pck', 'tcbSigning', 'root') }),
      ),
    ).toBe(true);
    expect(
      isRefused(
        signSimulatedQuote(vendor, { pckChainPem: simulatedChainPem(vendor, 'tcbSigning', 'pckCa', 'root') }),
      ),
    ).toBe(true);
    expect(isRefused(new Uint8Array(70_000))).toBe(true);
  });

  it('no byte makes it throw anything else', () => {
    fc.assert(
      fc.property(fc.nat(quote.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(quote);
        changed[at] = value;
        isRefused(changed);
      }),
      { numRuns: 300 },
    );
  });

  it('a platform by hand has one form', async () => {
    const options = { policy, nowMs: NOW_MS, signal: new AbortController().signal };
    for (const bad of [
      { fmspc: '00906ED50000' },
      { fmspc: '00' },
      { fmspc: '../../../..00' },
      { tee: 'sev' },
      { ca: 'root' },
    ]) {
      const platform = { tee: 'tdx', fmspc, ca: 'platform', ...bad } as Parameters<
        typeof fetchIntelCollateral
      >[0];
      await expect(fetchIntelCollateral(platform, options)).rejects.toMatchObject({
        code: 'COLLATERAL_INPUT',
      });
    }
    const two = { ...policy, roots: [...policy.roots, ...policy.roots] };
    const platform = { tee: 'tdx', fmspc, ca: 'platform' } as const;
    await expect(fetchIntelCollateral(platform, { ...options, policy: two })).rejects.toMatchObject({
      code: 'COLLATERAL_INPUT',
    });
  });
});
