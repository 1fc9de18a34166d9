import { parseTdxQuote } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import { type SimulatedQuoteOptions, signSimulatedQuote, simulatedImage, simulatedTd15 } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { failures, intelPolicy, platform, reportData } from '../simulated-evidence.ts';
import { makeTdx15Evidence, verifyTdxEvidence } from './simulated-tdx.ts';

const svn = (hex: string): Uint8Array => fromHex(hex.padEnd(32, '0'));
const make = (options: SimulatedQuoteOptions = {}): Uint8Array<ArrayBuffer> =>
  signSimulatedQuote(platform.vendor, { version: 5, ...options, td: { ...simulatedTd15, ...options.td } });

describe('parseTdxQuote, version 5', () => {
  it('reads a TD report 1.5 with its two more fields, and a 1.0', () => {
    const td = { teeTcbSvn2: svn('0607'), mrServiceTd: new Uint8Array(48).fill(9), reportData };
    const newer = parseTdxQuote(make({ td }));
    expect(newer.header.version).toBe(5);
    expect(toHex(newer.body.teeTcbSvn2!)).toBe(toHex(td.teeTcbSvn2));
    expect(toHex(newer.body.mrServiceTd!)).toBe(toHex(td.mrServiceTd));
    expect(toHex(newer.body.reportData)).toBe(toHex(reportData));
    expect(newer.signedBytes).toHaveLength(48 + 6 + 648);
    const older = parseTdxQuote(signSimulatedQuote(platform.vendor, { version: 5, td: { reportData } }));
    expect(older.body).not.toHaveProperty('mrServiceTd');
    expect(toHex(older.body.reportData)).toBe(toHex(reportData));
    expect(older.signedBytes).toHaveLength(48 + 6 + 584);
  });

  it('refuses every truncation', () => {
    const quote = make();
    for (let length = 0; length < quote.length; length++) {
      expect(() => parseTdxQuote(quote.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ATTEST_FORMAT' }),
      );
    }
  });

  it.each([
    ['an SGX body', { bodyType: 1 }, 'body type 1 is no TD report 1.0 or 1.5 at offset 48'],
    ['an unknown body', { bodyType: 4 }, 'body type 4 is no TD report 1.0 or 1.5 at offset 48'],
    ['a 1.5 report said to be 1.0', { bodyType: 2 }, 'body type 2 has 648 bytes, expected 584 at offset 50'],
    ['a size that lies', { bodySize: 649 }, 'body type 3 has 649 bytes, expected 648 at offset 50'],
    ['a 1.5 report in version 4', { version: 4 }, 'signature data'],
  ] as const)('refuses %s', (_what, options, message) => {
    expect(() => parseTdxQuote(make(options))).toThrow(message);
  });
});

describe('a TD report 1.5', () => {
  it('passes every claim', async () => {
    const verdict = await verifyTdxEvidence(makeTdx15Evidence());
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('pass');
    expect(verdict.claims.find((claim) => claim.name === 'mr_service_td')?.outcome).toBe('pass');
    expect(verdict.claims[1]?.reason).toContain('version 5 of a TD report 1.5');
  });

  it('refuses a bound service TD, in any byte', async () => {
    for (const index of [0, 24, 47]) {
      const mrServiceTd = new Uint8Array(48);
      mrServiceTd[index] = 1;
      const verdict = await verifyTdxEvidence(makeTdx15Evidence({ quote: { td: { mrServiceTd } } }));
      expect(failures(verdict)).toEqual([expect.stringMatching(/^mr_service_td: a service TD/)]);
    }
  });

  it.each([
    ['created the guest', { teeTcbSvn: svn('050101') }],
    ['runs now', { teeTcbSvn2: svn('050101') }],
  ])('is out of date if the microcode under the module that %s was', async (_which, td) => {
    const verdict = await verifyTdxEvidence(makeTdx15Evidence({ quote: { td } }));
    expect(failures(verdict)).toEqual([
      expect.stringMatching(/^tcb_status_accepted: TCB status is OutOfDate/),
      expect.stringMatching(/^advisories_accepted: .*INTEL-SA-00000/),
    ]);
    expect(verdict.measured).toMatchObject({ tcbStatus: 'OutOfDate' });
  });

  it.each([
    ['created the guest', { teeTcbSvn: svn('030102') }],
    ['runs now', { teeTcbSvn2: svn('030102') }],
  ])('is out of date if the module that %s was', async (_which, td) => {
    const verdict = await verifyTdxEvidence(makeTdx15Evidence({ quote: { td } }));
    expect(failures(verdict)).toEqual([expect.stringMatching(/^tcb_status_accepted: .*OutOfDate/)]);
  });

  it.each([
    ['created the guest', { teeTcbSvn: svn('050702') }],
    ['runs now', { teeTcbSvn2: svn('050702') }],
  ])('is refused if Intel names no module like the one that %s', async (_which, td) => {
    const verdict = await verifyTdxEvidence(makeTdx15Evidence({ quote: { td } }));
    expect(failures(verdict)).toEqual([expect.stringMatching(/^tdx_module: .*TDX_07/)]);
  });

  it.each([
    ['created the guest', { teeTcbSvn: svn('050100') }],
    ['runs now', { teeTcbSvn2: svn('050100') }],
  ])('is refused if the platform under the module that %s reaches no level', async (_which, td) => {
    const verdict = await verifyTdxEvidence(makeTdx15Evidence({ quote: { td } }));
    expect(failures(verdict)).toEqual([expect.stringMatching(/^tcb_level/)]);
  });

  it('names the bytes on which claims rest', async () => {
    const evidence = makeTdx15Evidence();
    const policy = {
      ...intelPolicy({ rtmrs: [null, simulatedImage.rtmrs[1], null, null] }),
      composeHashes: null,
    };
    const { claims, outcome } = await verifyTdxEvidence(evidence, { policy });
    expect(outcome).toBe('pass');
    const rangesOf = (name: string) => claims.find((claim) => claim.name === name)?.bytes;
    const range = (offset: number, length: number) => ({ part: 'quote', offset, length });
    expect(rangesOf('mr_service_td')).toEqual([range(54 + 600, 48)]);
    expect(rangesOf('tcb_level')).toEqual([range(54, 16), range(54 + 584, 16)]);
    expect(rangesOf('td_attributes')).toEqual([range(54 + 120, 8)]);
    expect(rangesOf('rtmrs_accepted')).toEqual([range(54 + 376, 48)]);
    expect(rangesOf('report_data_bound')).toEqual([range(54 + 520, 64)]);
    expect(rangesOf('quote_signature')?.[0]).toEqual(range(0, 702));
    for (const claim of claims) {
      for (const { offset, length } of claim.bytes ?? []) {
        expect(offset + length, claim.name).toBeLessThanOrEqual(evidence.quote.length);
      }
    }
  });
});
