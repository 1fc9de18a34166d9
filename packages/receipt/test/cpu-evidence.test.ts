import { type Claim, defaultPolicy, type EvidencePolicy } from '@dcml/attest';
import { encodeUtf8, fromHex, type JsonObject, sha256, systemRandom, toHex } from '@dcml/core';
import {
  createSimulatedAmdVendor,
  createSimulatedVendor,
  issueSimulatedCollateral,
  issueSimulatedSnpCollateral,
  signSimulatedQuote,
  signSimulatedSnpReport,
  simulatedChainPem,
  simulatedImage,
  simulatedLaunchDigest,
  toPem,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  type AmdCollateral,
  type AttestationReport,
  attestationStatement,
  type Collateral,
  collateralFromJson,
  cpuCollateralOf,
  cpuEvidenceOf,
  deviceCollateralOf,
  encodeCollateral,
  encodeReport,
  keysetDigest,
  reportData,
  reportFromJson,
  verifyReport,
} from '../src/index.ts';
import { keyset } from './fixtures.ts';
import { appCompose, composeHash, nonce, nowMs } from './report-fixtures.ts';

const intel = createSimulatedVendor({ random: systemRandom, nowMs });
const amd = createSimulatedAmdVendor({ random: systemRandom, nowMs });
const intelCollateral = issueSimulatedCollateral(intel);
const amdCollateral: AmdCollateral = { kind: 'amd', ...issueSimulatedSnpCollateral(amd) };
const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [
    { name: 'simulated Intel', kind: 'intel', certificatePem: simulatedChainPem(intel, 'root') },
    { name: 'simulated AMD', kind: 'amd', certificatePem: toPem(amd.certificates.root) },
  ],
  composeHashes: [composeHash],
  // What booted must be known before the compose counts: simulated guests have these measurements.
  intel: { ...defaultPolicy.intel, ...simulatedImage },
  amd: { ...defaultPolicy.amd, launchDigests: [toHex(simulatedLaunchDigest)] },
};
const slot = reportData(attestationStatement(keysetDigest(keyset), nonce));
const hash = sha256(encodeUtf8(appCompose));

function reportWith(teeType: string, evidence: JsonObject): AttestationReport {
  const report: AttestationReport = {
    keysetDigest: keysetDigest(keyset),
    teeType,
    keyset,
    reportData: toHex(slot.subarray(0, 32)),
    sourceProvenance: null,
    evidence,
    supportedE2eeVersions: [],
    serving: 'direct',
  };
  return reportFromJson(encodeReport(report));
}

/** A guest without dstack: its compose stands in MRCONFIGID. */
function tdxReport(configured: Uint8Array = hash, bound: Uint8Array = slot): AttestationReport {
  const mrConfigId = new Uint8Array(48);
  mrConfigId.set([1, ...configured]);
  const quote = signSimulatedQuote(intel, { td: { reportData: bound, mrConfigId } });
  return reportWith('tdx', { quote: toHex(quote), app_compose: appCompose });
}

function snpReport(hostData: Uint8Array = hash, bound: Uint8Array = slot): AttestationReport {
  const report = signSimulatedSnpReport(amd, 3, { fields: { reportData: bound, hostData } });
  return reportWith('sev_snp', { report: toHex(report), app_compose: appCompose, certificates: {} });
}

async function judge(report: AttestationReport, collateral: Collateral) {
  const verdict = await verifyReport(report, { nonce, nowMs, policy, collateral });
  const failed = verdict.claims.filter((claim: Claim) => claim.outcome === 'fail').map((claim) => claim.name);
  return { verdict, failed };
}

describe('reports of guests without dstack', () => {
  it.each([
    ['TDX, compose in MRCONFIGID', tdxReport, intelCollateral],
    ['SEV-SNP, compose in HOST_DATA', snpReport, amdCollateral],
  ] as const)('%s: establishes the workload', async (_name, create, collateral) => {
    const { verdict, failed } = await judge(create(), collateral);
    expect(failed).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true, established: { composeHash } });
    const other = await judge(create(sha256(encodeUtf8('other'))), collateral);
    expect(other.verdict.established).toBeNull();
    expect(other.verdict.outcome).toBe('fail');
    const zero = await judge(create(new Uint8Array(32)), collateral);
    expect(zero.verdict.established).toBeNull();
    const unbound = await judge(create(hash, new Uint8Array(64)), collateral);
    expect(unbound.failed).toContain('report_data_bound');
  });

  it('collateral of the other vendor: RECEIPT_COLLATERAL, a failed claim', async () => {
    const refused = expect.objectContaining({ code: 'RECEIPT_COLLATERAL' });
    expect(() => cpuEvidenceOf(tdxReport(), amdCollateral)).toThrow(refused);
    expect(() => cpuEvidenceOf(snpReport(), intelCollateral)).toThrow(refused);
    expect((await judge(snpReport(), intelCollateral)).failed).toContain('evidence_readable');
  });

  it('later kinds and broken shapes: RECEIPT_EVIDENCE', () => {
    const refused = expect.objectContaining({ code: 'RECEIPT_EVIDENCE' });
    for (const [teeType, evidence] of [
      ['tpm', {}],
      ['nitro', {}],
      ['tdx', { app_compose: '' }],
      ['tdx', { quote: 'zz', app_compose: '' }],
      ['tdx', { quote: '00' }],
    ] as const) {
      expect(() => cpuEvidenceOf(reportWith(teeType, evidence), intelCollateral)).toThrow(refused);
    }
    for (const evidence of [{}, { report: '00', app_compose: '' }, { report: '00'.repeat(1184) }]) {
      expect(() => cpuEvidenceOf(reportWith('sev_snp', evidence), amdCollateral)).toThrow(refused);
    }
  });

  it('a report of the wrong tee_type is not read as another kind', async () => {
    const wrong = { ...snpReport(), teeType: 'tdx' };
    expect((await judge(wrong, intelCollateral)).failed).toContain('evidence_readable');
  });
});

describe('collateral of all vendors as JSON', () => {
  const response = fromHex('0102');
  const machine: Collateral = {
    kind: 'machine',
    cpu: amdCollateral,
    devices: { rims: [{ xml: '<a/>', ocspResponses: [response] }], deviceOcspResponses: [[response], []] },
  };

  it('round trips; the old form is the one of Intel', () => {
    const all: readonly Collateral[] = [
      intelCollateral,
      amdCollateral,
      { ...amdCollateral, crlHex: null },
      machine,
      { ...machine, cpu: intelCollateral },
    ];
    for (const one of all) expect(collateralFromJson(encodeCollateral(one))).toEqual(one);
    expect(encodeCollateral(intelCollateral)).not.toHaveProperty('kind');
    expect(cpuCollateralOf(machine)).toBe(machine.cpu);
    expect(deviceCollateralOf(machine)).toBe(machine.devices);
    expect(deviceCollateralOf(intelCollateral)).toBeNull();
  });

  it('is refused with anything missing, unknown or nested: RECEIPT_COLLATERAL', () => {
    const refused = expect.objectContaining({ code: 'RECEIPT_COLLATERAL' });
    const json = encodeCollateral(machine) as { cpu: JsonObject; devices: JsonObject };
    const amdJson = encodeCollateral(amdCollateral);
    const bad: JsonObject[] = [
      { kind: 'arm' },
      { kind: 5 },
      { ...amdJson, more: 1 },
      { ...amdJson, kind: 'arm' },
      { ...amdJson, kind: 'machine' },
      { kind: 'amd' },
      { ...json, kind: 'machine', more: 1 },
      { kind: 'machine', cpu: json.cpu },
      { kind: 'machine', devices: json.devices },
      { kind: 'machine', cpu: { ...json, kind: 'machine' }, devices: json.devices },
      { kind: 'machine', cpu: json.cpu, devices: { ...json.devices, more: 1 } },
      { kind: 'machine', cpu: json.cpu, devices: { ...json.devices, rims: [{ xml: 'x' }] } },
      {
        kind: 'machine',
        cpu: json.cpu,
        devices: { ...json.devices, rims: [{ xml: 'x', ocsp_hex: [], more: 1 }] },
      },
      { kind: 'machine', cpu: json.cpu, devices: { ...json.devices, rims: [{ xml: 'x', ocsp_hex: [1] }] } },
      { kind: 'machine', cpu: json.cpu, devices: { ...json.devices, device_ocsp_hex: ['00'] } },
      { kind: 'machine', cpu: json.cpu, devices: { ...json.devices, device_ocsp_hex: [['0']] } },
    ];
    for (const value of bad)
      expect(() => collateralFromJson(value), JSON.stringify(value).slice(0, 90)).toThrow(refused);
  });
});
