import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { verifyEvidence } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import { createEcKey, createSimulatedVendor, simulatedChainPem } from '@dcml/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchIntelCollateral, type IntelFetchOptions, openCollateralCache } from '../../src/index.ts';
import { type FakeAnswer, type FakeService, startFakeService } from '../fake-service.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { type FakeIntel, fakeIntelRoute } from './fake-intel.ts';
import {
  DAY_MS,
  fmspc,
  HOUR_MS,
  issue,
  issueNumber,
  NOW_MS,
  policy,
  policyOf,
  quote,
  vendor,
} from './intel-setup.ts';

let pcs: FakeService;
let published: FakeIntel = { collateral: issue(), fmspc };

beforeAll(async () => {
  pcs = await startFakeService(fakeIntelRoute(() => published));
});
afterAll(() => pcs.close());
beforeEach(() => {
  published = { collateral: issue(), fmspc };
  pcs.fault = undefined;
  pcs.asked.length = 0;
});

function options(special: Partial<IntelFetchOptions> = {}): IntelFetchOptions {
  return {
    policy,
    nowMs: NOW_MS,
    signal: new AbortController().signal,
    service: { kind: 'intel-pcs', url: pcs.url, rootCrlUrl: `${pcs.url}/root.der` },
    timeoutMs: 5000,
    ...special,
  };
}
const code = (expected: string): object => expect.objectContaining({ code: expected });
const at = (path: string, answer: FakeAnswer): void => {
  pcs.fault = ({ url }) => (url.pathname.endsWith(path) ? answer : undefined);
};

describe('Intel PCS', () => {
  it('gives what the vendor published, byte for byte, and it verifies the quote', async () => {
    const { collateral, documents } = await fetchIntelCollateral(quote, options());
    expect(collateral).toEqual(published.collateral);
    expect(documents.map(({ source, reason }) => [source, reason])).toEqual(
      Array.from({ length: 4 }, () => ['service', 'no-cache']),
    );
    const verdict = await verifyEvidence({ kind: 'tdx', quote, collateral }, { policy, nowMs: NOW_MS });
    const failed = verdict.claims.filter(({ outcome }) => outcome === 'fail').map(({ name }) => name);
    expect(failed).toEqual(['compose_accepted'].filter((name) => failed.includes(name)));
    expect(verdict.claims.find(({ name }) => name === 'tcb_info')?.outcome).toBe('pass');
  });

  it('asks by the published paths', async () => {
    await fetchIntelCollateral(quote, options({ update: 'early' }));
    expect([...pcs.asked].sort()).toEqual([
      'GET /root.der',
      'GET /sgx/certification/v4/pckcrl?ca=platform&encoding=der',
      'GET /tdx/certification/v4/qe/identity?update=early',
      `GET /tdx/certification/v4/tcb?fmspc=${fmspc}&update=early`,
    ]);
  });

  it('asks for one evaluation data number, and refuses another', async () => {
    const update = { tcbEvaluationDataNumber: 17 };
    await fetchIntelCollateral(quote, options({ update }));
    expect(pcs.asked.join()).toContain('tcbEvaluationDataNumber=17');
    const wrong = fetchIntelCollateral(quote, options({ update: { tcbEvaluationDataNumber: 18 } }));
    await expect(wrong).rejects.toThrow(code('COLLATERAL_UNAUTHENTIC'));
  });

  it('takes a platform in place of a quote', async () => {
    const { collateral } = await fetchIntelCollateral({ tee: 'tdx', fmspc, ca: 'platform' }, options());
    expect(collateral).toEqual(published.collateral);
  });

  it('finds the root CRL where the trusted root says', async () => {
    const service = { kind: 'intel-pcs', url: pcs.url } as const;
    // The simulated root names no distribution point.
    await expect(fetchIntelCollateral(quote, options({ service }))).rejects.toThrow(code('COLLATERAL_INPUT'));
  });

  it('takes chains in other line lengths, and text around the members', async () => {
    const chain = published.collateral.tcbInfoIssuerChainPem.replaceAll('\n', '\r\n');
    const { tcbInfo, tcbInfoSignatureHex } = published.collateral;
    at('/tcb', {
      headers: { 'TCB-Info-Issuer-Chain': encodeURIComponent(`\n${chain}`) },
      body: ` { "signature" : "${tcbInfoSignatureHex.toUpperCase()}",\n "more": [1, {"tcbInfo": 2}], "tcbInfo":\t${tcbInfo} } `,
    });
    expect((await fetchIntelCollateral(quote, options())).collateral).toEqual(published.collateral);
  });
});

describe('a service that does not answer as it should', () => {
  const refusals: readonly (readonly [string, string, string, () => FakeAnswer])[] = [
    ['unknown FMSPC', '/tcb', 'COLLATERAL_UNKNOWN', () => ({ status: 404 })],
    ['a PCCS without the platform', '/tcb', 'COLLATERAL_UNKNOWN', () => ({ status: 461 })],
    ['server error', '/identity', 'COLLATERAL_UNREACHABLE', () => ({ status: 500 })],
    ['forbidden', '/pckcrl', 'COLLATERAL_ANSWER', () => ({ status: 403 })],
    [
      'redirect to another origin',
      '/tcb',
      'COLLATERAL_ANSWER',
      () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
    ],
    [
      'redirect to itself',
      '/tcb',
      'COLLATERAL_ANSWER',
      () => ({ status: 307, headers: { location: '/tcb' } }),
    ],
    ['HTML', '/tcb', 'COLLATERAL_ANSWER', () => ({ body: '<!doctype html><p>Sign in</p>' })],
    ['HTML in place of a CRL', '/root.der', 'COLLATERAL_UNAUTHENTIC', () => ({ body: '<!doctype html>' })],
    ['no body', '/identity', 'COLLATERAL_ANSWER', () => ({})],
    ['no issuer chain', '/tcb', 'COLLATERAL_ANSWER', () => ({ body: `{"tcbInfo":{},"signature":""}` })],
    [
      'a chain that is no PEM',
      '/tcb',
      'COLLATERAL_ANSWER',
      () => ({ headers: { 'TCB-Info-Issuer-Chain': 'x' }, body: `{"tcbInfo":{},"signature":""}` }),
    ],
    [
      'a chain that is not encoded',
      '/tcb',
      'COLLATERAL_ANSWER',
      () => ({ headers: { 'TCB-Info-Issuer-Chain': '%E0%A4' }, body: `{"tcbInfo":{},"signature":""}` }),
    ],
    [
      'a member twice',
      '/tcb',
      'COLLATERAL_ANSWER',
      () => ({ body: `{"tcbInfo":{},"tcbInfo":{},"signature":""}` }),
    ],
    ['text after the JSON', '/tcb', 'COLLATERAL_ANSWER', () => ({ body: `{"tcbInfo":{},"signature":""}x` })],
    ['bytes that are no text', '/tcb', 'COLLATERAL_ANSWER', () => ({ body: Uint8Array.of(0xff, 0xfe) })],
    ['too many bytes', '/tcb', 'COLLATERAL_ANSWER', () => ({ body: ' '.repeat((1 << 20) + 1) })],
    [
      'a truncated answer',
      '/tcb',
      'COLLATERAL_UNREACHABLE',
      () => ({ body: 'x'.repeat(5000), cutAfter: 100 }),
    ],
    ['a CRL in broken hex', '/pckcrl', 'COLLATERAL_ANSWER', () => ({ body: 'abc' })],
  ];
  for (const [name, path, expected, answer] of refusals) {
    it(`${name}: ${expected}`, async () => {
      at(path, answer());
      await expect(fetchIntelCollateral(quote, options())).rejects.toThrow(code(expected));
    });
  }

  it('an answer without a length ends at the limit', async () => {
    at('/tcb', { headers: { 'transfer-encoding': 'chunked' }, body: ' '.repeat(3 << 20) });
    await expect(fetchIntelCollateral(quote, options())).rejects.toThrow(code('COLLATERAL_ANSWER'));
  });

  it('429 says when to come again, and nothing is asked twice', async () => {
    at('/root.der', { status: 429, headers: { 'retry-after': '120' } });
    const error = await fetchIntelCollateral(quote, options()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'COLLATERAL_RATE_LIMITED',
      details: { retry_at_ms: NOW_MS + 120_000 },
    });
    expect(pcs.asked.filter((line) => line === 'GET /root.der')).toHaveLength(1);
  });

  it('503 with Retry-After is a limit too', async () => {
    const date = new Date(NOW_MS + HOUR_MS).toUTCString();
    at('/tcb', { status: 503, headers: { 'retry-after': date } });
    const error = await fetchIntelCollateral(quote, options()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'COLLATERAL_RATE_LIMITED',
      details: { retry_at_ms: NOW_MS + HOUR_MS },
    });
  });

  for (const stall of ['before', 'inside'] as const) {
    it(`a slow answer (${stall}) ends at the deadline`, async () => {
      at('/tcb', { stall, body: 'xx' });
      const slow = fetchIntelCollateral(quote, options({ timeoutMs: 200 }));
      await expect(slow).rejects.toThrow(code('COLLATERAL_TIMEOUT'));
    });
  }

  it('the caller can stop it', async () => {
    at('/root.der', { stall: 'before' });
    const controller = new AbortController();
    const pending = fetchIntelCollateral(quote, options({ signal: controller.signal }));
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });

  it('nobody there', async () => {
    const service = { kind: 'pccs', url: 'http://127.0.0.1:1' } as const;
    await expect(fetchIntelCollateral(quote, options({ service }))).rejects.toThrow(
      code('COLLATERAL_UNREACHABLE'),
    );
  });
});

describe('documents that are not the vendor’s', () => {
  const other = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
  const key = createEcKey(systemRandom);
  const cases: readonly (readonly [string, string, () => FakeIntel['collateral']])[] = [
    ['TCB info signed by another', 'COLLATERAL_UNAUTHENTIC', () => issue({ documentSigner: key })],
    ['a root CRL signed by another', 'COLLATERAL_UNAUTHENTIC', () => issue({ rootCrl: { signer: key } })],
    ['a PCK CRL signed by another', 'COLLATERAL_UNAUTHENTIC', () => issue({ pckCrl: { signer: key } })],
    [
      'a PCK CRL under a foreign CA',
      'COLLATERAL_UNAUTHENTIC',
      () => ({ ...issue(), pckCrlIssuerChainPem: simulatedChainPem(other, 'pckCa', 'root') }),
    ],
    [
      'TCB info under a foreign root',
      'COLLATERAL_UNAUTHENTIC',
      () => ({ ...issue(), tcbInfoIssuerChainPem: simulatedChainPem(other, 'tcbSigning', 'root') }),
    ],
    [
      'a signer that is no TCB signing',
      'COLLATERAL_UNAUTHENTIC',
      () => ({ ...issue(), tcbInfoIssuerChainPem: simulatedChainPem(vendor, 'pckCa', 'root') }),
    ],
    [
      'a chain of one',
      'COLLATERAL_UNAUTHENTIC',
      () => ({ ...issue(), qeIdentityIssuerChainPem: simulatedChainPem(vendor, 'root') }),
    ],
    [
      'a PCK CRL chain of one',
      'COLLATERAL_UNAUTHENTIC',
      () => ({ ...issue(), pckCrlIssuerChainPem: simulatedChainPem(vendor, 'root') }),
    ],
    [
      'a PCK CRL of another kind of CA',
      'COLLATERAL_UNAUTHENTIC',
      () => ({ ...issue(), pckCrlIssuerChainPem: simulatedChainPem(vendor, 'tcbSigning', 'root') }),
    ],
    [
      'a revoked TCB signer',
      'COLLATERAL_UNAUTHENTIC',
      () => issue({ rootCrl: { revokedSerials: [vendor.serials.tcbSigning] } }),
    ],
    [
      'a revoked PCK CA',
      'COLLATERAL_UNAUTHENTIC',
      () => issue({ rootCrl: { revokedSerials: [vendor.serials.pckCa] } }),
    ],
    [
      'another platform’s TCB info',
      'COLLATERAL_UNAUTHENTIC',
      () => issue({ editTcbInfo: (tcb) => ({ ...tcb, fmspc: '00906ED50000' }) }),
    ],
    [
      'SGX TCB info for TDX',
      'COLLATERAL_UNAUTHENTIC',
      () => issue({ editTcbInfo: (tcb) => ({ ...tcb, id: 'SGX' }) }),
    ],
    [
      'another enclave’s identity',
      'COLLATERAL_UNAUTHENTIC',
      () => issue({ editQeIdentity: (qe) => ({ ...qe, id: 'QVE' }) }),
    ],
    [
      'TCB info without a window',
      'COLLATERAL_UNAUTHENTIC',
      () => issue({ editTcbInfo: (tcb) => ({ ...tcb, issueDate: 'yesterday' }) }),
    ],
    ['stale documents', 'COLLATERAL_EXPIRED', () => issue({ nowMs: NOW_MS - 31 * DAY_MS })],
    ['documents of the future', 'COLLATERAL_EXPIRED', () => issue({ nowMs: NOW_MS + 2 * HOUR_MS })],
    [
      'documents of two TCB recoveries',
      'COLLATERAL_MIXED',
      () => issue({ editTcbInfo: (tcb) => ({ ...tcb, tcbEvaluationDataNumber: 18 }) }),
    ],
  ];
  for (const [name, expected, make] of cases) {
    it(`${name}: ${expected}, and nothing of it is kept`, async () => {
      published = { collateral: make(), fmspc };
      const cache = await openCollateralCache(temporaryDirectory());
      await expect(fetchIntelCollateral(quote, options({ cache }))).rejects.toThrow(code(expected));
      const offline = fetchIntelCollateral(quote, options({ cache, mode: 'offline' }));
      const kept = expected === 'COLLATERAL_MIXED' ? expected : 'COLLATERAL_OFFLINE';
      await expect(offline).rejects.toThrow(code(kept));
      if (expected === 'COLLATERAL_MIXED') return;
      published = { collateral: issue(), fmspc };
      const { collateral } = await fetchIntelCollateral(quote, options({ cache, mode: 'refresh' }));
      expect(collateral).toEqual(published.collateral);
    });
  }

  it('a quote under a root that the policy does not have is not asked for', async () => {
    const foreign = policyOf({ rootPem: simulatedChainPem(other, 'root') });
    await expect(fetchIntelCollateral(quote, options({ policy: foreign }))).rejects.toThrow(
      code('COLLATERAL_UNAUTHENTIC'),
    );
    expect(pcs.asked).toEqual([]);
  });

  it('a TCB signer that is not valid yet', async () => {
    const late = options({ nowMs: NOW_MS - 3 * DAY_MS });
    await expect(fetchIntelCollateral(quote, late)).rejects.toThrow(code('COLLATERAL_EXPIRED'));
  });
});

describe('with a cache', () => {
  it('asks once, then serves the same bytes without network', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    const first = await fetchIntelCollateral(quote, options({ cache }));
    pcs.asked.length = 0;
    const again = await fetchIntelCollateral(quote, options({ cache }));
    const offline = await fetchIntelCollateral(quote, options({ cache, mode: 'offline' }));
    expect(again.collateral).toEqual(first.collateral);
    expect(offline.collateral).toEqual(first.collateral);
    expect(again.documents.every(({ source, reason }) => source === 'cache' && reason === 'current')).toBe(
      true,
    );
    expect(pcs.asked).toEqual([]);
  });

  it('asks again when a document is no longer current', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    await fetchIntelCollateral(quote, options({ cache }));
    const nowMs = NOW_MS + 30 * DAY_MS;
    const offline = fetchIntelCollateral(quote, options({ cache, nowMs, mode: 'offline' }));
    await expect(offline).rejects.toThrow(code('COLLATERAL_OFFLINE'));
    published = { collateral: issue({ nowMs }), fmspc };
    const { collateral, documents } = await fetchIntelCollateral(quote, options({ cache, nowMs }));
    expect(collateral).toEqual(published.collateral);
    expect(documents.map(({ reason }) => reason)).toEqual(Array.from({ length: 4 }, () => 'expired'));
  });

  it('offline without anything says what to do', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    const error = await fetchIntelCollateral(quote, options({ cache, mode: 'offline' })).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({
      code: 'COLLATERAL_OFFLINE',
      advice: 'fix-input',
      details: { reason: 'absent' },
    });
    const none = fetchIntelCollateral(quote, options({ mode: 'offline' }));
    await expect(none).rejects.toThrow(code('COLLATERAL_OFFLINE'));
    expect(pcs.asked).toEqual([]);
  });

  it('a rollback is refused and the newer document kept', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    published = { collateral: issueNumber(18), fmspc };
    await fetchIntelCollateral(quote, options({ cache }));
    for (const old of [issueNumber(17), issueNumber(18, NOW_MS - HOUR_MS)]) {
      published = { collateral: old, fmspc };
      const rolled = fetchIntelCollateral(quote, options({ cache, mode: 'refresh' }));
      await expect(rolled).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
    }
    const kept = await fetchIntelCollateral(quote, options({ cache, mode: 'offline' }));
    expect(kept.collateral.tcbInfo).toContain('"tcbEvaluationDataNumber":18');
  });

  it('a CRL cannot be rolled back, although its signature is right', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    const revoking = issue({ pckCrl: { revokedSerials: [vendor.serials.pck] } });
    published = { collateral: revoking, fmspc };
    await fetchIntelCollateral(quote, options({ cache }));
    published = {
      collateral: { ...revoking, pckCrlHex: issue({ nowMs: NOW_MS - HOUR_MS }).pckCrlHex },
      fmspc,
    };
    const rolled = fetchIntelCollateral(quote, options({ cache, mode: 'refresh' }));
    await expect(rolled).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
    const kept = await fetchIntelCollateral(quote, options({ cache, mode: 'offline' }));
    expect(kept.collateral.pckCrlHex).toBe(revoking.pckCrlHex);
  });

  it('a QE identity of a new recovery makes it ask for the TCB info again', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    const old = issueNumber(17);
    const later = NOW_MS + 2 * HOUR_MS;
    const fresh = issueNumber(18, later);
    published = { collateral: old, fmspc };
    await fetchIntelCollateral(quote, options({ cache }));
    // Only the identity has run out: its object is lost.
    published = { collateral: fresh, fmspc };
    const [, , , qe] = (await fetchIntelCollateral(quote, options({ cache, mode: 'offline' }))).documents;
    rmSync(join(cache.directory, 'objects', qe?.sha256 ?? ''));
    pcs.asked.length = 0;
    const { collateral, documents } = await fetchIntelCollateral(quote, options({ cache, nowMs: later }));
    expect(collateral.tcbInfo).toBe(fresh.tcbInfo);
    expect(collateral.qeIdentity).toBe(fresh.qeIdentity);
    expect(documents.map(({ source }) => source)).toEqual(['cache', 'cache', 'service', 'service']);
    expect(documents[3]?.reason).toBe('corrupt');
  });

  it('roots do not share documents', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    await fetchIntelCollateral(quote, options({ cache }));
    const other = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
    const foreign = policyOf({ rootPem: simulatedChainPem(other, 'root') });
    const platform = { tee: 'tdx', fmspc, ca: 'platform' } as const;
    const offline = fetchIntelCollateral(platform, options({ cache, policy: foreign, mode: 'offline' }));
    await expect(offline).rejects.toThrow(code('COLLATERAL_OFFLINE'));
  });
});
