import { type EvidenceVerdict, parseSnpReport } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import {
  azureHclReport,
  azureSample,
  certificateHex,
  dstackFixture,
  genoaArchiveVcek,
  hasSnpSamples,
  issuerChain,
  readSample,
  realCrl,
  realEvidence,
  verifyReal,
} from './real-snp.ts';
import { failures } from './simulated-snp.ts';

const MILAN = 'amd-ask_ark_milan.pem';
const GENOA = 'amd-ask_ark_genoa.pem';

function openClaims(verdict: EvidenceVerdict): string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === 'unknown' && claim.optional !== true)
    .map((claim) => claim.name);
}
const revocationOnly = ['crl', 'revocation'];

describe.skipIf(!hasSnpSamples)('real SNP reports', () => {
  it('coco-test-report (v2, Milan) passes with the CRL of its time', async () => {
    const report = readSample('sev-snp/coco-test-report.bin');
    const evidence = realEvidence(
      report,
      certificateHex('sev-snp/coco-test-vcek.der'),
      issuerChain(MILAN),
      realCrl('milan'),
    );
    const verdict = await verifyReal(evidence, '2025-07-01');
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: false });
    expect(verdict.measured).toMatchObject({
      product: 'milan',
      endorsement: 'vcek',
      launchDigest: expect.stringMatching(/^a1f39304/) as string,
      reportedTcb: { bootloader: 3, tee: 0, snp: 8, microcode: 0x73 },
    });
    expect(toHex(parseSnpReport(report).currentTcb)).toBe('03000000000008ce');
    // A day before and after the CRL's window, and of the VCEK's (2023-01-24 to 2030-01-24).
    expect(failures(await verifyReal(evidence, '2025-05-05'))[0]).toMatch(/^crl: .*valid from/);
    expect(failures(await verifyReal(evidence, '2026-05-13'))[0]).toMatch(/^crl: .*valid from/);
    expect(failures(await verifyReal(evidence, '2023-01-23'))[0]).toMatch(/^endorsement_chain: .*valid from/);
    expect(failures(await verifyReal(evidence, '2030-01-25'))[0]).toMatch(/^endorsement_chain: .*valid from/);
  });

  it.each(['legacy', 'new'])('refuses it under another VCEK (%s)', async (form) => {
    const report = readSample('sev-snp/coco-test-report.bin');
    const vcek = certificateHex(`sev-snp/coco-test-vcek-invalid-${form}.der`);
    const verdict = await verifyReal(realEvidence(report, vcek, issuerChain(MILAN)), '2025-07-01');
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toMatch(/^endorsement_chain: signature of "SEV-VCEK".* is wrong/);
    expect(verdict.measured).toBeNull();
  });

  it('google-attestation-milan (v2) is authentic and refused for its debug bit', async () => {
    const report = readSample('sev-snp/google-attestation-milan.bin');
    const vcek = certificateHex('sev-snp/google-vcek-milan.der');
    const evidence = realEvidence(report, vcek, issuerChain(MILAN), realCrl('milan'));
    const verdict = await verifyReal(evidence, '2025-07-01');
    expect(failures(verdict)).toEqual(['guest_policy: the guest is open to debugging']);
    expect(verdict.measured).toMatchObject({
      reportData: `0102030405${'00'.repeat(59)}`,
      launchDigest: expect.stringMatching(/^b07af962.*2b01$/) as string,
    });
    for (const day of ['2022-09-23', '2029-09-25']) {
      expect(failures(await verifyReal(evidence, day))[0]).toMatch(/^endorsement_chain: .*valid from/);
    }
  });

  it('coco-test-vlek-report (v3) is authentic and refused at VMPL 1', async () => {
    const report = readSample('sev-snp/coco-test-vlek-report.bin');
    const vlek = certificateHex('sev-snp/coco-test-vlek.der');
    const evidence = realEvidence(report, vlek, issuerChain('amd-ask_ark_milan_vlek.pem'), realCrl('milan'));
    const verdict = await verifyReal(evidence, '2025-07-01');
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toMatch(/^vmpl_accepted: .*VMPL 1/);
    expect(verdict.measured).toMatchObject({
      endorsement: 'vlek',
      platformId: null,
      providerId: 'CN=cc-us-east-2.amazonaws.com',
    });
    expect((await verifyReal(evidence, '2025-07-01', { maxVmpl: 1 })).outcome).toBe('pass');
    expect(
      failures(await verifyReal(evidence, '2025-07-01', { maxVmpl: 1, endorsements: ['vcek'] })),
    ).toHaveLength(1);
    for (const day of ['2024-12-09', '2025-12-11']) {
      expect(failures(await verifyReal(evidence, day))[0]).toMatch(/^endorsement_chain: .*valid from/);
    }
    const wrongCa = { ...evidence.collateral, issuerChainPem: issuerChain(MILAN) };
    expect(failures(await verifyReal({ ...evidence, collateral: wrongCa }, '2025-07-01'))[0]).toMatch(
      /^endorsement_chain: .*another issuer/,
    );
  });

  it('dstack-sev_snp-report (v3, Milan) is authentic; only revocation is open without a CRL of 2026', async () => {
    const report = readSample('sev-snp/dstack-sev_snp-report.bin');
    const vcek = certificateHex('sev-snp/dstack-sev_snp_vcek.pem');
    const evidence = realEvidence(report, vcek, issuerChain(MILAN));
    const verdict = await verifyReal(evidence, '2026-07-01');
    expect(failures(verdict)).toEqual([]);
    expect(openClaims(verdict)).toEqual(revocationOnly);
    expect(verdict.measured).toMatchObject({
      launchDigest: expect.stringMatching(/^7f51e17f.*f05d$/) as string,
      hostData: expect.stringMatching(/^783f0057/) as string,
      reportData: expect.stringMatching(/^6174746573742d746573742d666978747572652d32303236/) as string,
    });
    for (const day of ['2026-06-16', '2033-06-18']) {
      expect(failures(await verifyReal(evidence, day))[0]).toMatch(/^endorsement_chain: .*valid from/);
    }
  });

  it('dstack-verifier-sev-snp-report is the same report, and so is the one inside its container', () => {
    const report = readSample('sev-snp/dstack-sev_snp-report.bin');
    expect(readSample('sev-snp/dstack-verifier-sev-snp-report.bin')).toEqual(report);
    expect(dstackFixture()).toEqual(report);
    expect(readSample('sev-snp/dstack-sev_snp_attestation.bin').slice(4, 4 + 1184)).toEqual(report);
  });

  it.each([
    ['coco-evidence-v0.json', 'milan', MILAN],
    ['coco-evidence-v1.json', 'milan', MILAN],
    ['coco-evidence-genoa.json', 'genoa', GENOA],
  ] as const)(
    'the report inside Azure evidence %s (v3) passes with the CRL of its time',
    async (name, product, chain) => {
      const { report, vcekHex } = azureSample(name);
      const verdict = await verifyReal(
        realEvidence(report, vcekHex, issuerChain(chain), realCrl(product)),
        '2025-10-01',
      );
      expect(failures(verdict)).toEqual([]);
      expect(verdict.outcome).toBe('pass');
      expect(verdict.measured).toMatchObject({ product });
    },
  );

  it('coco-hcl-report (v2, Azure) is authentic under coco-vcek.pem', async () => {
    const vcek = certificateHex('az-snp-vtpm/coco-vcek.pem');
    const evidence = realEvidence(azureHclReport(), vcek, issuerChain(MILAN), realCrl('milan'));
    expect((await verifyReal(evidence, '2025-07-01')).outcome).toBe('pass');
  });

  it('openpcc-gce_sevsnp_report (v4, Milan) is parsed; nobody published its VCEK', () => {
    const report = parseSnpReport(
      readSample('sev-snp/openpcc-gce_sevsnp_report.test_gce_sevsnp_report_pem.bin'),
    );
    expect(report).toMatchObject({ version: 4, processor: { family: 0x19, model: 1, stepping: 1 }, vmpl: 0 });
  });

  it.each([
    ['genoa', 'a Genoa VCEK of an archive', () => toHex(genoaArchiveVcek()), GENOA, '2025-07-01'],
    [
      'turin',
      'a Turin VCEK',
      () => certificateHex('sev-snp/virtee-vcek_turin.der'),
      'amd-ask_ark_turin_vcek.pem',
      '2025-07-01',
    ],
    [
      'turin',
      'a Turin VCEK',
      () => certificateHex('sev-snp/virtee-vcek_turin.der'),
      'virtee-cert_chain_turin.pem',
      '2025-07-01',
    ],
  ] as const)(
    'the chain of %s holds for %s, and the report of another chip is refused',
    async (product, _, vcek, chain, day) => {
      const report = readSample('sev-snp/dstack-sev_snp-report.bin');
      const crl = product === 'genoa' ? realCrl('genoa') : null;
      const { claims } = await verifyReal(realEvidence(report, vcek(), issuerChain(chain), crl), day);
      const outcome = (name: string): string | undefined =>
        claims.find((claim) => claim.name === name)?.outcome;
      expect(outcome('endorsement_chain')).toBe('pass');
      expect(outcome('crl')).toBe(crl === null ? 'unknown' : 'pass');
      expect(outcome('revocation')).toBe(crl === null ? 'unknown' : 'pass');
      expect(['report_signature', 'certified_tcb', 'certified_processor'].map(outcome)).toEqual([
        'fail',
        'fail',
        'fail',
      ]);
    },
  );

  it('the CRL of another product revokes nothing here', async () => {
    const report = readSample('sev-snp/coco-test-report.bin');
    const vcek = certificateHex('sev-snp/coco-test-vcek.der');
    const evidence = realEvidence(report, vcek, issuerChain(MILAN), realCrl('genoa'));
    expect(failures(await verifyReal(evidence, '2025-07-01'))[0]).toMatch(
      /^crl: CRL was not issued by "ARK-Milan"/,
    );
  });

  it('Milan is refused by the default policy', async () => {
    const report = readSample('sev-snp/coco-test-report.bin');
    const evidence = realEvidence(
      report,
      certificateHex('sev-snp/coco-test-vcek.der'),
      issuerChain(MILAN),
      realCrl('milan'),
    );
    const verdict = await verifyReal(evidence, '2025-07-01', { products: ['genoa', 'turin'] });
    expect(failures(verdict)).toEqual(['product_accepted: the policy accepts genoa, turin, not milan']);
  });

  it('fields swapped between real reports are refused', async () => {
    const a = readSample('sev-snp/coco-test-report.bin');
    const b = azureHclReport();
    const vcek = certificateHex('sev-snp/coco-test-vcek.der');
    const stretches = [
      [0x50, 64],
      [0x90, 48],
      [0x1a0, 64],
      [0x140, 32],
      [0x38, 8],
      [0x2a0, 144],
      [0x4, 4],
    ] as const;
    for (const [offset, length] of stretches) {
      const mixed = Uint8Array.from(a);
      mixed.set(b.subarray(offset, offset + length), offset);
      expect(mixed).not.toEqual(a);
      const evidence = realEvidence(mixed, vcek, issuerChain(MILAN), realCrl('milan'));
      const verdict = await verifyReal(evidence, '2025-07-01');
      expect(verdict.outcome).toBe('fail');
      expect(verdict.measured).toBeNull();
    }
  });
});
