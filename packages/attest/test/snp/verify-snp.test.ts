import { amdProducts, type EndorsementKind, prepareSnpCollateral, verifyEvidence } from '@dcml/attest';
import { encodeUtf8, sha256, toHex } from '@dcml/core';
import { simulatedAmdTcb, simulatedLaunchDigest } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  createVendor,
  failures,
  genoa,
  makeEvidence,
  NOW_MS,
  policyFor,
  reportData,
  vendorOf,
  verify,
} from './simulated-snp.ts';

const kinds: readonly EndorsementKind[] = ['vcek', 'vlek'];
const all = amdProducts.flatMap((product) =>
  kinds.flatMap((kind) => [2, 3, 4, 5].map((version) => ({ product, kind, version }))),
);

describe('verifySnp', () => {
  it.each(all)(
    'accepts a $product report version $version under a $kind',
    async ({ product, kind, version }) => {
      const vendor = vendorOf(product, kind);
      const verdict = await verify(makeEvidence({ vendor, version }), vendor);
      expect(failures(verdict)).toEqual([]);
      expect(verdict.outcome).toBe('pass');
      expect(verdict.simulated).toBe(true);
      expect(verdict.claims.filter((claim) => claim.source === 'hardware_proven')).toEqual([]);
      expect(verdict.measured).toEqual({
        kind: 'snp',
        product,
        endorsement: kind,
        providerId: kind === 'vlek' ? 'CN=cc-simulated.example' : null,
        launchDigest: toHex(simulatedLaunchDigest),
        hostData: '00'.repeat(32),
        guestSvn: 7,
        vmpl: 0,
        familyId: '00'.repeat(16),
        imageId: '00'.repeat(16),
        idKeyDigest: null,
        authorKeyDigest: null,
        reportedTcb: simulatedAmdTcb(product),
        committedTcb: simulatedAmdTcb(product),
        platformId: kind === 'vcek' ? toHex(vendor.chipId) : null,
        reportData: toHex(reportData),
        composeHash: null,
      });
    },
  );

  it('leaves revocation, and so the verdict, unknown without a CRL', async () => {
    const { collateral, ...evidence } = makeEvidence();
    const verdict = await verify({ ...evidence, collateral: { ...collateral, crlHex: null } });
    expect(verdict.outcome).toBe('unknown');
    const open = verdict.claims.filter((claim) => claim.outcome === 'unknown' && claim.optional !== true);
    expect(open.map((claim) => claim.name)).toEqual(['crl', 'revocation']);
    expect(verdict.measured).not.toBeNull();
  });

  it('leaves report data, and so the verdict, unknown if nobody says what to expect', async () => {
    const verdict = await verifyEvidence(makeEvidence(), { policy: policyFor(genoa), nowMs: NOW_MS });
    expect(verdict.outcome).toBe('unknown');
  });

  it('names the bytes on which a claim rests', async () => {
    const { claims } = await verify(makeEvidence());
    const bound = claims.find((claim) => claim.name === 'report_data_bound');
    expect(bound?.bytes).toEqual([{ part: 'report', offset: 0x50, length: 64 }]);
  });

  it('refuses the kind before it reads a byte', async () => {
    const policy = { ...policyFor(genoa), kinds: ['tdx'] as const };
    const verdict = await verify(makeEvidence(), genoa, { policy });
    expect(failures(verdict)).toEqual(['kind_accepted: the policy accepts tdx, not snp']);
    expect(verdict.measured).toBeNull();
  });

  it('does not keep the caller from reusing its buffer', async () => {
    const evidence = makeEvidence();
    const pending = verify(evidence);
    evidence.report.fill(0);
    expect((await pending).outcome).toBe('pass');
  });

  it('accepts both forms of the hardware id', async () => {
    const hardwareId = genoa.chipId;
    const vendor = createVendor({ extensions: { hardwareId: Uint8Array.of(4, 64, ...hardwareId) } });
    const verdict = await verify(
      makeEvidence({ vendor, report: { fields: { chipId: hardwareId } } }),
      vendor,
    );
    expect(failures(verdict)).toEqual([]);
  });
});

describe('the application of an SNP guest', () => {
  const appCompose = '{"name":"app"}';
  const hash = sha256(encodeUtf8(appCompose));
  // HOST_DATA is the host's word, except in a known guest image.
  const known = policyFor(genoa, { launchDigests: [toHex(simulatedLaunchDigest)] });
  const policy = { ...known, composeHashes: [toHex(hash)] };
  const evidence = makeEvidence({ report: { fields: { hostData: hash } }, evidence: { appCompose } });

  it('is proven by HOST_DATA', async () => {
    const verdict = await verify(evidence, genoa, { policy });
    expect(verdict.outcome).toBe('pass');
    expect(verdict.measured?.composeHash).toBe(toHex(hash));
  });

  it('may be registered on chain instead', async () => {
    const registered = { policy: known, registeredComposeHashes: [toHex(hash)] };
    const strict = { ...registered.policy, composeHashes: [] };
    expect((await verify(evidence, genoa, { ...registered, policy: strict })).outcome).toBe('pass');
    expect(failures(await verify(evidence, genoa, { policy: strict }))).toHaveLength(1);
  });

  it('is not that of another compose', async () => {
    const verdict = await verify({ ...evidence, appCompose: '{"name":"other"}' }, genoa, { policy });
    expect(failures(verdict)[0]).toMatch(/^compose_hash: HOST_DATA is/);
    expect(verdict.measured?.composeHash).toBeNull();
  });

  it('is unknown if nobody gives it and the policy asks for one', async () => {
    const { appCompose: _, ...bare } = evidence;
    const verdict = await verify(bare, genoa, { policy });
    expect(verdict.outcome).toBe('unknown');
  });
});

describe('prepared collateral', () => {
  it('gives the same verdicts, whatever the time and the policy were before', async () => {
    const { collateral, ...rest } = makeEvidence();
    const plain = { ...rest, collateral };
    const prepared = { ...rest, collateral: prepareSnpCollateral(collateral) };
    const times = [NOW_MS, NOW_MS - 2 * 86_400_000, NOW_MS + 400 * 86_400_000, NOW_MS];
    for (const nowMs of times) {
      expect(await verify(prepared, genoa, { nowMs })).toEqual(await verify(plain, genoa, { nowMs }));
    }
    const strange = { policy: policyFor(vendorOf('turin')) };
    expect((await verify(prepared, genoa, strange)).outcome).toBe('fail');
    expect((await verify(prepared)).outcome).toBe('pass');
  });

  it('is a frozen copy, and preparing it again changes nothing', () => {
    const { collateral } = makeEvidence();
    const prepared = prepareSnpCollateral(collateral);
    expect(prepared).toEqual(collateral);
    expect(Object.isFrozen(prepared)).toBe(true);
    expect(prepareSnpCollateral(prepared)).toBe(prepared);
  });

  it('fails its claims if it is bad', async () => {
    const { collateral, ...rest } = makeEvidence();
    const bad = prepareSnpCollateral({ ...collateral, endorsementCertificateHex: '3000', crlHex: '3000' });
    for (let i = 0; i < 2; i++) {
      expect(failures(await verify({ ...rest, collateral: bad }))[0]).toMatch(/^endorsement_format/);
    }
  });
});
