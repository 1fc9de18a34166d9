import { assertVerdict, defaultPolicy } from '@dcml/attest';
import { fromHex, systemRandom, toHex } from '@dcml/core';
import { createEcKey, simulatedEnclaveReport } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { enclaveFlagsProblem, miscSelectProblem, xfrmProblem } from '../../src/sgx/appraise-enclave.ts';
import {
  createPlatform,
  failures,
  makeEvidence,
  NOW_MS,
  platform,
  reportData,
} from '../simulated-evidence.ts';
import { makeSgxEvidence, type SgxDeviation, sgxPolicy, verifySgxEvidence } from './simulated-sgx.ts';

const { vendor } = platform;
const foreignKey = createEcKey(systemRandom);
const attributes = (flags: string, xfrm = 'e700000000000000'): SgxDeviation => ({
  quote: { enclave: { attributes: fromHex(flags.padEnd(16, '0') + xfrm) } },
});

describe('verifyEvidence on a sound simulated enclave', () => {
  it('passes every claim, and shows what was measured', async () => {
    const verdict = await verifySgxEvidence(makeSgxEvidence());
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('pass');
    expect(() => assertVerdict(verdict)).not.toThrow();
    const open = verdict.claims.filter((claim) => claim.outcome === 'unknown').map((claim) => claim.name);
    expect(open).toEqual([
      'mr_enclave_accepted',
      'mr_signer_accepted',
      'platform_accepted',
      'compose_accepted',
    ]);
    const { mrEnclave, mrSigner } = simulatedEnclaveReport();
    expect(verdict.measured).toEqual({
      kind: 'sgx',
      mrEnclave: toHex(mrEnclave),
      mrSigner: toHex(mrSigner),
      isvProdId: 3,
      isvSvn: 4,
      reportData: toHex(reportData),
      composeHash: null,
      tcbStatus: 'UpToDate',
      advisories: [],
      fmspc: 'ffd000000000',
      platformId: toHex(vendor.platform.ppid),
    });
  });

  it('is SIMULATED, and refused by the default policy', async () => {
    const verdict = await verifySgxEvidence(makeSgxEvidence());
    expect(verdict.simulated).toBe(true);
    expect(verdict.claims.filter((claim) => claim.source === 'hardware_proven')).toEqual([]);
    const refused = await verifySgxEvidence(makeSgxEvidence(), { policy: defaultPolicy });
    expect(failures(refused)).toEqual([expect.stringMatching(/^trusted_root/)]);
    expect(refused.measured).toBeNull();
  });

  it('names the bytes of the quote on which claims rest', async () => {
    const evidence = makeSgxEvidence();
    const { claims } = await verifySgxEvidence(evidence, {
      policy: sgxPolicy({ mrEnclaves: [toHex(simulatedEnclaveReport().mrEnclave)] }),
    });
    const bytesOf = (name: string): string[] =>
      (claims.find((claim) => claim.name === name)?.bytes ?? []).map(({ part, offset, length }) => {
        expect(part).toBe('quote');
        return toHex(evidence.quote.subarray(offset, offset + length));
      });
    expect(bytesOf('mr_enclave_accepted')).toEqual([toHex(simulatedEnclaveReport().mrEnclave)]);
    expect(bytesOf('report_data_bound')).toEqual([toHex(reportData)]);
    expect(bytesOf('isv_svn_accepted')).toEqual(['0400']);
    expect(bytesOf('enclave_attributes')).toEqual(['0500000000000000e700000000000000']);
    expect(bytesOf('pck_chain')[0]?.startsWith(toHex(new TextEncoder().encode('-----BEGIN')))).toBe(true);
    expect(bytesOf('quote_signature')[0]).toBe(toHex(evidence.quote.subarray(0, 432)));
  });
});

const withCertificate = (
  role: 'root' | 'pckCa' | 'tcbSigning' | 'pck',
  notAfterMs: number,
): SgxDeviation => ({
  platform: createPlatform({ certificates: { [role]: { notAfterMs } } }),
});

/** What is wrong, the claim that must fail with which reason, and how the evidence deviates. */
const refusals: readonly (readonly [what: string, failure: RegExp, deviation: SgxDeviation])[] = [
  ['expired PCK certificate', /^pck_chain: .*valid from/, withCertificate('pck', NOW_MS - 1000)],
  ['expired PCK CA', /^pck_chain: .*valid from/, withCertificate('pckCa', NOW_MS - 1000)],
  ['expired root', /^pck_chain: .*valid from/, withCertificate('root', NOW_MS - 1000)],
  ['expired TCB signer', /^tcb_info: .*valid from/, withCertificate('tcbSigning', NOW_MS - 1000)],
  ['revoked PCK', /^pck_not_revoked/, { collateral: { pckCrl: { revokedSerials: [vendor.serials.pck] } } }],
  [
    'revoked PCK CA',
    /^pck_not_revoked/,
    { collateral: { rootCrl: { revokedSerials: [vendor.serials.pckCa] } } },
  ],
  [
    'revoked TCB signer',
    /^tcb_info: .*is revoked/,
    { collateral: { rootCrl: { revokedSerials: [vendor.serials.tcbSigning] } } },
  ],
  ['forged root CRL', /^root_crl: signature/, { collateral: { rootCrl: { signer: foreignKey } } }],
  ['expired PCK CRL', /^pck_crl: .*valid from/, { collateral: { pckCrl: { nextUpdateMs: NOW_MS - 1000 } } }],
  ['QE report of another key', /^qe_report_signature/, { quote: { pckKey: foreignKey } }],
  [
    'unbound attestation key',
    /^attestation_key_bound/,
    { quote: { qe: { reportData: new Uint8Array(64) } } },
  ],
  ['documents of another signer', /^tcb_info: signature/, { collateral: { documentSigner: foreignKey } }],
  ['TCB info for TDX', /^tcb_info: TCB info is for TDX, expected SGX/, { collateral: { kind: 'tdx' } }],
  [
    'QE identity for TDX',
    /^qe_identity: QE identity is for TD_QE, expected QE/,
    { collateral: { kind: 'tdx' } },
  ],
  [
    'TCB info of another FMSPC',
    /^tcb_info: .*FMSPC/,
    { collateral: { editTcbInfo: (info) => ({ ...info, fmspc: '000000000000' }) } },
  ],
  [
    'old QE identity',
    /^tcb_evaluation/,
    { collateral: { editQeIdentity: (identity) => ({ ...identity, tcbEvaluationDataNumber: 16 }) } },
  ],
  ['quoting enclave for TDX', /^qe_trusted: .*ISVPRODID/, { quote: { qe: { isvProdId: 2 } } }],
  [
    'quoting enclave of another signer',
    /^qe_trusted: .*MRSIGNER/,
    { quote: { qe: { mrSigner: new Uint8Array(32) } } },
  ],
  ['quoting enclave out of date', /^tcb_status_accepted: .*OutOfDate/, { quote: { qe: { isvSvn: 3 } } }],
  [
    'platform below every level',
    /^tcb_level/,
    { platform: createPlatform({ platform: { pceSvn: 1 } }), collateral: { editTcbInfo: raisePceSvn } },
  ],
  ['debug', /^enclave_attributes: .*debug/, attributes('07')],
  ['not initialized', /^enclave_attributes: .*not initialized/, attributes('04')],
  ['provisioning key', /^enclave_attributes: .*provisioning key/, attributes('15')],
  ['launch key', /^enclave_attributes: .*launch key/, attributes('25')],
  ['reserved attribute', /^enclave_attributes: reserved/, attributes('0d')],
  ['XFRM without SSE', /^enclave_xfrm: .*lacks/, attributes('05', 'e500000000000000')],
  ['reserved XFRM bit', /^enclave_xfrm: reserved/, attributes('05', 'e700000000000080')],
  [
    'reserved MISCSELECT bit',
    /^enclave_misc_select: reserved/,
    { quote: { enclave: { miscSelect: fromHex('04000000') } } },
  ],
  [
    'reserved MISCSELECT byte',
    /^enclave_misc_select: reserved/,
    { quote: { enclave: { miscSelect: fromHex('00010000') } } },
  ],
];

function raisePceSvn(
  info: Parameters<NonNullable<NonNullable<SgxDeviation['collateral']>['editTcbInfo']>>[0],
) {
  const levels = info['tcbLevels'] as unknown as { tcb: Record<string, never> }[];
  return {
    ...info,
    tcbLevels: levels.map((level) => ({ ...level, tcb: { ...level.tcb, pcesvn: 9 } })),
  };
}

describe('refusals of enclaves', () => {
  it.each(refusals)('%s', async (_what, failure, deviation) => {
    const policy = sgxPolicy({}, deviation.platform);
    const verdict = await verifySgxEvidence(makeSgxEvidence(deviation), { policy });
    expect(verdict.outcome).toBe('fail');
    expect(failures(verdict)).toContainEqual(expect.stringMatching(failure));
  });

  it('refuses an enclave, a signer and a version that the policy does not list', async () => {
    const { mrEnclave, mrSigner } = simulatedEnclaveReport();
    const other = ['ab'.repeat(32)];
    const rules = { mrEnclaves: [toHex(mrEnclave)], mrSigners: [toHex(mrSigner)], minIsvSvn: 4 };
    const verify = (changed: Partial<typeof rules>) =>
      verifySgxEvidence(makeSgxEvidence(), { policy: sgxPolicy({ ...rules, ...changed }) });
    expect((await verify({})).outcome).toBe('pass');
    expect(failures(await verify({ mrEnclaves: other }))).toEqual([expect.stringMatching(/^mr_enclave_acc/)]);
    expect(failures(await verify({ mrSigners: other }))).toEqual([expect.stringMatching(/^mr_signer_acc/)]);
    expect(failures(await verify({ minIsvSvn: 5 }))).toEqual([expect.stringMatching(/^isv_svn_accepted/)]);
  });

  it('leaves the application unknown where the policy asks for a compose and lists no enclave', async () => {
    const { mrEnclave } = simulatedEnclaveReport();
    const policy = { ...sgxPolicy(), composeHashes: [] };
    expect((await verifySgxEvidence(makeSgxEvidence(), { policy })).outcome).toBe('unknown');
    const listed = { ...policy, intel: { ...policy.intel, mrEnclaves: [toHex(mrEnclave)] } };
    expect((await verifySgxEvidence(makeSgxEvidence(), { policy: listed })).outcome).toBe('pass');
  });

  it('refuses report data, kinds and platforms that the caller or the policy does not take', async () => {
    const other = await verifySgxEvidence(makeSgxEvidence(), { expectedReportData: new Uint8Array(64) });
    expect(failures(other)).toEqual([expect.stringMatching(/^report_data_bound/)]);
    const policy = sgxPolicy();
    const kinds = await verifySgxEvidence(makeSgxEvidence(), { policy: { ...policy, kinds: ['tdx'] } });
    expect(failures(kinds)).toEqual([expect.stringMatching(/^kind_accepted/)]);
    const platforms = { allow: null, deny: [toHex(vendor.platform.ppid)] };
    const denied = await verifySgxEvidence(makeSgxEvidence(), { policy: { ...policy, platforms } });
    expect(failures(denied)).toEqual([expect.stringMatching(/^platform_accepted/)]);
  });

  it('refuses a TDX quote as an SGX one, and the reverse', async () => {
    const tdx = makeEvidence();
    const asSgx = await verifySgxEvidence({ ...makeSgxEvidence(), quote: tdx.quote });
    expect(failures(asSgx)).toEqual([expect.stringMatching(/^quote_format: .*version 4 is not supported/)]);
  });
});

describe('attributes of an enclave, bit by bit', () => {
  const bytes = (bit: number, base: bigint): Uint8Array => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, (1n << BigInt(bit)) | base, true);
    return out;
  };
  const permitted = (problem: (bit: number) => string | undefined, count = 64): number[] =>
    Array.from({ length: count }, (_, bit) => bit).filter((bit) => problem(bit) === undefined);

  it('permits INIT, MODE64BIT, CET, KSS and AEXNOTIFY only', () => {
    expect(permitted((bit) => enclaveFlagsProblem(bytes(bit, 1n)))).toEqual([0, 2, 6, 7, 10]);
  });

  it('permits the extended features of processors with SGX only', () => {
    expect(permitted((bit) => xfrmProblem(bytes(bit, 3n)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9, 17, 18]);
  });

  it('permits fault information only', () => {
    expect(permitted((bit) => miscSelectProblem(bytes(bit, 0n).subarray(0, 4)), 32)).toEqual([0, 1]);
  });
});
