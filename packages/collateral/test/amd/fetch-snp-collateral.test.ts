import { type AmdProduct, defaultPolicy, type EvidencePolicy, verifyEvidence } from '@dcml/attest';
import { fromHex, systemRandom } from '@dcml/core';
import {
  createAmdKeys,
  createSigningKey,
  createSimulatedAmdVendor,
  issueSimulatedSnpCollateral,
  type SimulatedAmdVendor,
  signSimulatedSnpReport,
  toPem,
} from '@dcml/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchSnpCollateral, openCollateralCache, type SnpFetchOptions } from '../../src/index.ts';
import { type FakeService, startFakeService } from '../fake-service.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { fakeKdsRoute } from './fake-kds.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
const DAY_MS = 86_400_000;
const keys = createAmdKeys();
const make = (product: AmdProduct, endorsement: 'vcek' | 'vlek' = 'vcek'): SimulatedAmdVendor =>
  createSimulatedAmdVendor({ random: systemRandom, nowMs: NOW_MS, keys, product, endorsement });
const vendors = { milan: make('milan'), genoa: make('genoa'), turin: make('turin') };
const policy: EvidencePolicy = {
  ...defaultPolicy,
  amd: { ...defaultPolicy.amd, products: ['milan', 'genoa', 'turin'] },
  roots: Object.values(vendors).map(({ certificates, subjects }) => ({
    name: subjects.root,
    kind: 'amd',
    certificatePem: toPem(certificates.root),
  })),
};

let kds: FakeService;
beforeAll(async () => {
  kds = await startFakeService(() => undefined);
});
afterAll(() => kds.close());

function publish(
  vendor: SimulatedAmdVendor,
  collateral = issueSimulatedSnpCollateral(vendor),
): typeof collateral {
  kds.route = fakeKdsRoute(() => ({ ...vendor, collateral }), vendor.endorsement);
  return collateral;
}
beforeEach(() => {
  kds.fault = undefined;
  kds.asked.length = 0;
});

function options(special: Partial<SnpFetchOptions> = {}): SnpFetchOptions {
  const signal = new AbortController().signal;
  return { policy, nowMs: NOW_MS, signal, service: { url: kds.url }, timeoutMs: 5000, ...special };
}
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('AMD KDS', () => {
  for (const product of ['milan', 'genoa', 'turin'] as const) {
    it(`gives what AMD published about a chip of ${product}, and it verifies the report`, async () => {
      const vendor = vendors[product];
      const published = publish(vendor);
      const report = signSimulatedSnpReport(vendor);
      const { collateral, documents, tried, ...rest } = await fetchSnpCollateral(report, options());
      expect(collateral).toEqual(published);
      expect(rest.product).toBe(product);
      expect(tried).toEqual([]);
      expect(documents).toHaveLength(3);
      const verdict = await verifyEvidence({ kind: 'snp', report, collateral }, { policy, nowMs: NOW_MS });
      const outcomes = new Map(verdict.claims.map(({ name, outcome }) => [name, outcome]));
      for (const name of ['endorsement_chain', 'crl', 'revocation']) expect(outcomes.get(name)).toBe('pass');
    });
  }

  it('asks for a Turin chip by 8 bytes and with its FMC', async () => {
    publish(vendors.turin);
    await fetchSnpCollateral(signSimulatedSnpReport(vendors.turin), options());
    expect(kds.asked.find((line) => line.includes('SPL'))).toMatch(
      /^GET \/vcek\/v1\/Turin\/[0-9a-f]{16}\?fmcSPL=02&blSPL=10&teeSPL=01&snpSPL=24&ucodeSPL=219$/,
    );
  });

  it('a report of version 2 names no product: they are tried in order, and it says so', async () => {
    publish(vendors.genoa);
    const report = signSimulatedSnpReport(vendors.genoa, 2);
    const cache = await openCollateralCache(temporaryDirectory());
    const { product, tried } = await fetchSnpCollateral(report, options({ cache }));
    expect([product, tried]).toEqual(['genoa', ['milan']]);
    kds.asked.length = 0;
    const again = await fetchSnpCollateral(report, options({ cache }));
    expect([again.product, again.documents.map(({ source }) => source)]).toEqual([
      'genoa',
      ['cache', 'cache', 'cache'],
    ]);
    expect(kds.asked).toEqual([]);
    kds.route = () => undefined;
    await expect(fetchSnpCollateral(report, options())).rejects.toThrow(code('COLLATERAL_UNKNOWN'));
  });

  it('a VLEK has to be given, and its chain and CRL are fetched', async () => {
    const vendor = make('milan', 'vlek');
    const published = publish(vendor);
    const report = signSimulatedSnpReport(vendor);
    const under: EvidencePolicy = {
      ...policy,
      roots: [{ name: 'ARK', kind: 'amd', certificatePem: toPem(vendor.certificates.root) }],
    };
    await expect(fetchSnpCollateral(report, options({ policy: under }))).rejects.toThrow(
      code('COLLATERAL_INPUT'),
    );
    const endorsementCertificate = vendor.certificates.endorsement;
    const fetched = await fetchSnpCollateral(report, options({ policy: under, endorsementCertificate }));
    expect(fetched.collateral).toEqual(published);
    expect([...kds.asked].sort()).toEqual(['GET /vlek/v1/Milan/cert_chain', 'GET /vlek/v1/Milan/crl']);
    const wrong = fetchSnpCollateral(
      signSimulatedSnpReport(vendors.milan),
      options({ policy: under, endorsementCertificate }),
    );
    await expect(wrong).rejects.toThrow(code('COLLATERAL_INPUT'));
  });

  it('429 is passed on with its time, and nothing is asked again', async () => {
    publish(vendors.genoa);
    kds.fault = ({ url }) =>
      url.search === '' ? undefined : { status: 429, headers: { 'retry-after': '10' } };
    const error = await fetchSnpCollateral(signSimulatedSnpReport(vendors.genoa), options()).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({
      code: 'COLLATERAL_RATE_LIMITED',
      details: { retry_at_ms: NOW_MS + 10_000 },
    });
    expect(kds.asked.filter((line) => line.includes('SPL'))).toHaveLength(1);
  });
});

describe('what is not AMD’s', () => {
  const { genoa } = vendors;
  const report = signSimulatedSnpReport(genoa);
  const sound = issueSimulatedSnpCollateral(genoa);
  const other = createSimulatedAmdVendor({ random: systemRandom, nowMs: NOW_MS, keys, product: 'genoa' });
  const otherTcb = createSimulatedAmdVendor({
    random: systemRandom,
    nowMs: NOW_MS,
    keys,
    product: 'genoa',
    tcb: { bootloader: 9, tee: 1, snp: 24, microcode: 219 },
  });
  const cases: readonly (readonly [string, string, typeof sound])[] = [
    [
      'the VCEK of another chip',
      'COLLATERAL_UNAUTHENTIC',
      { ...sound, endorsementCertificateHex: issueSimulatedSnpCollateral(other).endorsementCertificateHex },
    ],
    [
      'the VCEK of another TCB',
      'COLLATERAL_UNAUTHENTIC',
      {
        ...sound,
        endorsementCertificateHex: issueSimulatedSnpCollateral(otherTcb).endorsementCertificateHex,
      },
    ],
    [
      'the VCEK of another product',
      'COLLATERAL_UNAUTHENTIC',
      {
        ...sound,
        endorsementCertificateHex: issueSimulatedSnpCollateral(vendors.milan).endorsementCertificateHex,
      },
    ],
    [
      'a chain under another root',
      'COLLATERAL_UNAUTHENTIC',
      { ...sound, issuerChainPem: issueSimulatedSnpCollateral(vendors.milan).issuerChainPem },
    ],
    [
      'a chain of one',
      'COLLATERAL_UNAUTHENTIC',
      { ...sound, issuerChainPem: toPem(genoa.certificates.root) },
    ],
    [
      'a root as its own CA',
      'COLLATERAL_UNAUTHENTIC',
      { ...sound, issuerChainPem: toPem(genoa.certificates.root).repeat(2) },
    ],
    ['a chain that is no PEM', 'COLLATERAL_ANSWER', { ...sound, issuerChainPem: '<html>' }],
    [
      'a CRL by another',
      'COLLATERAL_UNAUTHENTIC',
      issueSimulatedSnpCollateral(genoa, { crlSigner: createSigningKey('rsa-pss-sha384') }),
    ],
    [
      'an expired CRL',
      'COLLATERAL_EXPIRED',
      issueSimulatedSnpCollateral(genoa, { crl: { nextUpdateMs: NOW_MS - 1000 } }),
    ],
    ['an empty CRL', 'COLLATERAL_UNAUTHENTIC', { ...sound, crlHex: '' }],
  ];
  for (const [name, expected, published] of cases) {
    it(`${name}: ${expected}, and the right one is taken afterwards`, async () => {
      publish(genoa, published);
      const cache = await openCollateralCache(temporaryDirectory());
      await expect(fetchSnpCollateral(report, options({ cache }))).rejects.toThrow(code(expected));
      publish(genoa, sound);
      expect((await fetchSnpCollateral(report, options({ cache }))).collateral).toEqual(sound);
    });
  }

  it('a VCEK that is right but for its TCB, or but for its issuer', async () => {
    // The same chip id each time.
    const random = { bytes: (length: number) => new Uint8Array(length).fill(0x42) };
    const same = { random, nowMs: NOW_MS, product: 'genoa' } as const;
    const chip = createSimulatedAmdVendor({ ...same, keys });
    const older = createSimulatedAmdVendor({
      ...same,
      keys,
      tcb: { bootloader: 9, tee: 1, snp: 24, microcode: 219 },
    });
    const foreign = createSimulatedAmdVendor(same);
    const under: EvidencePolicy = {
      ...policy,
      roots: [{ name: 'ARK', kind: 'amd', certificatePem: toPem(chip.certificates.root) }],
    };
    const right = issueSimulatedSnpCollateral(chip);
    for (const [wrong, problem] of [
      [older, 'is for another TCB'],
      [foreign, 'signature of'],
    ] as const) {
      const { endorsementCertificateHex } = issueSimulatedSnpCollateral(wrong);
      publish(chip, { ...right, endorsementCertificateHex });
      const fetching = fetchSnpCollateral(signSimulatedSnpReport(chip), options({ policy: under }));
      await expect(fetching).rejects.toMatchObject({
        code: 'COLLATERAL_UNAUTHENTIC',
        message: expect.stringContaining(problem),
      });
    }
  });

  it('a CA that names the trusted root and was not issued by it, or stands before another certificate', async () => {
    const foreign = createSimulatedAmdVendor({ random: systemRandom, nowMs: NOW_MS, product: 'genoa' });
    for (const [issuerChainPem, problem] of [
      [toPem(foreign.certificates.ca) + toPem(genoa.certificates.root), 'is no CA of the root'],
      [toPem(genoa.certificates.ca).repeat(2), 'is not one CA under the trusted root'],
    ] as const) {
      publish(genoa, { ...sound, issuerChainPem });
      await expect(fetchSnpCollateral(report, options())).rejects.toMatchObject({
        code: 'COLLATERAL_UNAUTHENTIC',
        message: expect.stringContaining(problem),
      });
    }
  });

  it('a CRL cannot be rolled back', async () => {
    const cache = await openCollateralCache(temporaryDirectory());
    publish(genoa, issueSimulatedSnpCollateral(genoa, { crl: { revokedSerials: [fromHex('0102')] } }));
    await fetchSnpCollateral(report, options({ cache }));
    publish(genoa, issueSimulatedSnpCollateral(genoa, { nowMs: NOW_MS - DAY_MS }));
    const rolled = fetchSnpCollateral(report, options({ cache, mode: 'refresh' }));
    await expect(rolled).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
  });

  it('a report that says nothing to ask by', async () => {
    const masked = signSimulatedSnpReport(genoa, 3, { fields: { chipId: new Uint8Array(64) } });
    const unsigned = signSimulatedSnpReport(genoa, 3, { fields: { keyInfo: 7 << 2 } });
    const strange = signSimulatedSnpReport(genoa, 3, { fields: { processor: Uint8Array.of(0x19, 0x44, 0) } });
    const longTurin = signSimulatedSnpReport({ ...vendors.turin, chipId: systemRandom.bytes(64) });
    for (const bad of [masked, unsigned, strange, longTurin, report.subarray(1), new Uint8Array()]) {
      await expect(fetchSnpCollateral(bad, options())).rejects.toThrow(code('COLLATERAL_INPUT'));
    }
    const none = { ...policy, roots: policy.roots.slice(0, 1) };
    await expect(fetchSnpCollateral(report, options({ policy: none }))).rejects.toThrow(
      code('COLLATERAL_INPUT'),
    );
  });
});
