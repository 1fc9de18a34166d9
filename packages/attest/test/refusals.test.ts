import { fromHex, type JsonObject, type JsonValue, systemRandom } from '@dcml/core';
import { createEcKey, issueSimulatedCollateral, simulatedChainPem, simulatedSubjects } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  createPlatform,
  DAY_MS,
  type Deviation,
  failures,
  intelPolicy,
  makeEvidence,
  NOW_MS,
  platform,
  verify,
} from './simulated-evidence.ts';

const foreignKey = createEcKey(systemRandom);
const other = createPlatform();
const { vendor } = platform;
const HOUR_MS = 3_600_000;

const withCertificate = (
  role: 'root' | 'pckCa' | 'tcbSigning' | 'pck',
  fields: Record<string, unknown>,
): Deviation => ({ platform: createPlatform({ certificates: { [role]: fields } }) });

const editTcb = (edit: (tcbInfo: JsonObject) => JsonObject): Deviation => ({
  collateral: { editTcbInfo: edit },
});
const editQe = (edit: (qeIdentity: JsonObject) => JsonObject): Deviation => ({
  collateral: { editQeIdentity: edit },
});

function levels(document: JsonObject): JsonObject[] {
  return document['tcbLevels'] as JsonValue as JsonObject[];
}
function allLevels(status: string): (document: JsonObject) => JsonObject {
  return (document) => ({
    ...document,
    tcbLevels: levels(document).map((level) => ({ ...level, tcbStatus: status })),
  });
}
function moduleWith(fields: JsonObject): (document: JsonObject) => JsonObject {
  return (document) => {
    const [module] = document['tdxModuleIdentities'] as JsonValue as JsonObject[];
    return { ...document, tdxModuleIdentities: [{ ...module, ...fields }] };
  };
}

/** What is wrong, the claim that must fail with which reason, and how the evidence deviates. */
const refusals: readonly (readonly [what: string, failure: RegExp, deviation: Deviation])[] = [
  // Certificates
  [
    'expired PCK certificate',
    /^pck_chain: .*valid from/,
    withCertificate('pck', { notAfterMs: NOW_MS - 1000 }),
  ],
  [
    'PCK certificate of the future',
    /^pck_chain: .*valid from/,
    withCertificate('pck', { notBeforeMs: NOW_MS + 1000 }),
  ],
  ['expired PCK CA', /^pck_chain: .*valid from/, withCertificate('pckCa', { notAfterMs: NOW_MS - 1000 })],
  ['expired root', /^pck_chain: .*valid from/, withCertificate('root', { notAfterMs: NOW_MS - 1000 })],
  [
    'PCK CA without the CA flag',
    /^pck_chain: .*is no CA/,
    withCertificate('pckCa', { pathLength: undefined }),
  ],
  [
    'PCK certificate that is a CA',
    /^pck_chain: .*not a signing leaf/,
    withCertificate('pck', { pathLength: 0 }),
  ],
  [
    'root that permits no CA below it',
    /^pck_chain: .*permits no CA/,
    withCertificate('root', { pathLength: 0 }),
  ],
  [
    'PCK certificate of another issuer name',
    /^pck_chain: .*another issuer/,
    withCertificate('pck', { issuer: 'x' }),
  ],
  [
    'leaf with another role',
    /^pck_chain: .*is no PCK cert/,
    withCertificate('pck', { subject: 'TCB Signing' }),
  ],
  [
    'CA with another role',
    /^pck_chain: .*another issuer/,
    withCertificate('pckCa', { subject: 'SGX TCB CA' }),
  ],
  [
    'CA with another role that the leaf names',
    /^pck_chain: .*is no PCK CA/,
    {
      platform: createPlatform({
        certificates: { pckCa: { subject: 'SGX TCB CA' }, pck: { issuer: 'SGX TCB CA' } },
      }),
    },
  ],
  [
    'PCK certificate without SGX extension',
    /^pck_chain: .*no SGX ext/,
    withCertificate('pck', { sgxExtension: undefined }),
  ],
  [
    'PCK certificate signed by another CA of the same name',
    /^pck_chain: signature of .* is wrong/,
    {
      quote: {
        pckChainPem: simulatedChainPem(other.vendor, 'pck') + simulatedChainPem(vendor, 'pckCa', 'root'),
      },
    },
  ],
  [
    'chain of another root',
    /^trusted_root/,
    { quote: { pckChainPem: simulatedChainPem(other.vendor, 'pck', 'pckCa', 'root') } },
  ],
  [
    'chain without its root',
    /^quote_format: PCK chain: is not a leaf, a CA and a root/,
    { quote: { pckChainPem: simulatedChainPem(vendor, 'pck', 'pckCa') } },
  ],
  [
    'chain of four certificates',
    /^quote_format: PCK chain: more than 3/,
    { quote: { pckChainPem: simulatedChainPem(vendor, 'pck', 'pckCa', 'root', 'root') } },
  ],
  // Revocation lists
  ['revoked PCK', /^pck_not_revoked/, { collateral: { pckCrl: { revokedSerials: [vendor.serials.pck] } } }],
  [
    'revoked PCK CA',
    /^pck_not_revoked/,
    { collateral: { rootCrl: { revokedSerials: [vendor.serials.pckCa] } } },
  ],
  [
    'revoked TCB signing certificate',
    /^tcb_info: .*is revoked/,
    { collateral: { rootCrl: { revokedSerials: [vendor.serials.tcbSigning] } } },
  ],
  ['forged root CRL', /^root_crl: signature/, { collateral: { rootCrl: { signer: foreignKey } } }],
  ['forged PCK CRL', /^pck_crl: signature/, { collateral: { pckCrl: { signer: foreignKey } } }],
  [
    'PCK CRL signed by the PCK itself',
    /^pck_crl: signature/,
    { collateral: { pckCrl: { signer: vendor.keys.pck } } },
  ],
  ['PCK CRL of another issuer name', /^pck_crl: CRL was not/, { collateral: { pckCrl: { issuer: 'x' } } }],
  [
    'root CRL in place of the PCK CRL',
    /^pck_crl/,
    { collateral: { pckCrl: { issuer: simulatedSubjects.root, signer: vendor.keys.root } } },
  ],
  [
    'expired root CRL',
    /^root_crl: .*valid from/,
    { collateral: { rootCrl: { nextUpdateMs: NOW_MS - 1000 } } },
  ],
  ['expired PCK CRL', /^pck_crl: .*valid from/, { collateral: { pckCrl: { nextUpdateMs: NOW_MS - 1000 } } }],
  [
    'PCK CRL of the future',
    /^pck_crl: .*valid from/,
    { collateral: { pckCrl: { thisUpdateMs: NOW_MS + 1000 } } },
  ],
  // The quoting enclave and the quote
  ['QE report signed by another key', /^qe_report_signature/, { quote: { pckKey: foreignKey } }],
  [
    'attestation key that the QE report does not name',
    /^attestation_key_bound/,
    { quote: { qe: { reportData: new Uint8Array(64) } } },
  ],
  ['QE of another signer', /^qe_trusted: .*MRSIGNER/, { quote: { qe: { mrSigner: new Uint8Array(32) } } }],
  ['QE with another product id', /^qe_trusted: .*ISVPRODID/, { quote: { qe: { isvProdId: 1 } } }],
  [
    'QE under debug',
    /^qe_trusted: .*ATTRIBUTES/,
    { quote: { qe: { attributes: fromHex(`17${'00'.repeat(15)}`) } } },
  ],
  [
    'QE with another MISCSELECT',
    /^qe_trusted: .*MISCSELECT/,
    { quote: { qe: { miscSelect: fromHex('01000000') } } },
  ],
  ['QE below every level', /^qe_trusted: .*no TCB level/, { quote: { qe: { isvSvn: 1 } } }],
  ['QE out of date', /^tcb_status_accepted: .*OutOfDate/, { quote: { qe: { isvSvn: 3 } } }],
  // TCB info
  ['TCB info signed by another key', /^tcb_info: signature/, { collateral: { documentSigner: foreignKey } }],
  [
    'TCB info signed by the PCK CA',
    /^tcb_info: signature/,
    { collateral: { documentSigner: vendor.keys.pckCa } },
  ],
  [
    'TCB info of another FMSPC',
    /^tcb_info: .*FMSPC 00/,
    editTcb((info) => ({ ...info, fmspc: '000000000000' })),
  ],
  ['TCB info of another PCEID', /^tcb_info: .*PCEID 0001/, editTcb((info) => ({ ...info, pceId: '0001' }))],
  [
    'TCB info for SGX',
    /^tcb_info: TCB info is for SGX, expected TDX/,
    editTcb((info) => ({ ...info, id: 'SGX' })),
  ],
  ['TCB info version 2', /^tcb_info: .*version/, editTcb((info) => ({ ...info, version: 2 }))],
  ['TCB info of an unknown type', /^tcb_info: .*tcbType/, editTcb((info) => ({ ...info, tcbType: 1 }))],
  [
    'expired TCB info',
    /^tcb_info: .*valid from/,
    editTcb((info) => ({ ...info, nextUpdate: '2026-11-01T11:59:59Z' })),
  ],
  [
    'TCB info of the future',
    /^tcb_info: .*valid from/,
    editTcb((info) => ({ ...info, issueDate: '2026-11-01T12:00:01Z' })),
  ],
  [
    'TCB info without a date',
    /^tcb_info: .*nextUpdate is not a time/,
    editTcb((info) => ({ ...info, nextUpdate: 'never' })),
  ],
  ['TCB info with an unknown status', /^tcb_info: .*tcbStatus/, editTcb(allLevels('Fine'))],
  [
    'TCB info with 15 components',
    /^tcb_info: .*15 components/,
    editTcb((info) => {
      const [level] = levels(info);
      const tcb = level?.['tcb'] as JsonObject;
      const short = { ...tcb, sgxtcbcomponents: (tcb['sgxtcbcomponents'] as JsonValue[]).slice(1) };
      return { ...info, tcbLevels: [{ ...level, tcb: short }] };
    }),
  ],
  [
    'QE identity for SGX',
    /^qe_identity: QE identity is for QE, expected TD_QE/,
    editQe((identity) => ({ ...identity, id: 'QE' })),
  ],
  ['QE identity version 1', /^qe_identity: .*version/, editQe((identity) => ({ ...identity, version: 1 }))],
  [
    'expired QE identity',
    /^qe_identity: .*valid from/,
    editQe((identity) => ({ ...identity, nextUpdate: '2026-11-01T11:59:59Z' })),
  ],
  [
    'old QE identity with new TCB info',
    /^tcb_evaluation: .*16/,
    editQe((identity) => ({ ...identity, tcbEvaluationDataNumber: 16 })),
  ],
  [
    'collateral of an older TCB recovery than the policy accepts',
    /^tcb_evaluation: .*lower than/,
    {
      collateral: {
        editTcbInfo: (info) => ({ ...info, tcbEvaluationDataNumber: 16 }),
        editQeIdentity: (identity) => ({ ...identity, tcbEvaluationDataNumber: 16 }),
      },
    },
  ],
  // Levels
  [
    'platform below every level',
    /^tcb_level/,
    {
      platform: createPlatform({ platform: { pceSvn: 1 } }),
      collateral: {
        editTcbInfo: (info) => ({
          ...info,
          tcbLevels: levels(info).map((level) => ({
            ...level,
            tcb: { ...(level['tcb'] as JsonObject), pcesvn: 9 },
          })),
        }),
      },
    },
  ],
  [
    'platform with an old microcode',
    /^tcb_status_accepted: .*OutOfDate/,
    { quote: { td: { teeTcbSvn: fromHex(`050101${'00'.repeat(13)}`) } } },
  ],
  [
    'open advisory',
    /^advisories_accepted: .*INTEL-SA-00000/,
    { quote: { td: { teeTcbSvn: fromHex(`050101${'00'.repeat(13)}`) } } },
  ],
  ['revoked platform', /^tcb_status_accepted: .*Revoked/, editTcb(allLevels('Revoked'))],
  [
    'configuration needed',
    /^tcb_status_accepted: .*ConfigurationNeeded/,
    editTcb(allLevels('ConfigurationNeeded')),
  ],
  ['revoked quoting enclave', /^tcb_status_accepted: .*Revoked/, editQe(allLevels('Revoked'))],
  // TDX module
  [
    'TDX module of another signer',
    /^tdx_module: MRSIGNERSEAM/,
    { quote: { td: { mrSignerSeam: new Uint8Array(48).fill(1) } } },
  ],
  [
    'TDX module with attributes',
    /^tdx_module: SEAMATTRIBUTES/,
    { quote: { td: { seamAttributes: fromHex('0100000000000000') } } },
  ],
  [
    'TDX module of an unknown major version',
    /^tdx_module: .*TDX_07/,
    { quote: { td: { teeTcbSvn: fromHex(`050702${'00'.repeat(13)}`) } } },
  ],
  [
    'TDX module below every level',
    /^tdx_module: .*no TCB level/,
    { quote: { td: { teeTcbSvn: fromHex(`010102${'00'.repeat(13)}`) } } },
  ],
  [
    'TDX module out of date',
    /^tcb_status_accepted: .*OutOfDate/,
    { quote: { td: { teeTcbSvn: fromHex(`040102${'00'.repeat(13)}`) } } },
  ],
  [
    'revoked TDX module',
    /^tcb_status_accepted: .*Revoked/,
    editTcb(
      moduleWith({
        tcbLevels: [{ tcb: { isvsvn: 1 }, tcbDate: '2024-03-13T00:00:00Z', tcbStatus: 'Revoked' }],
      }),
    ),
  ],
  [
    'TDX module that Intel no longer lists',
    /^tdx_module: .*TDX_01/,
    editTcb((info) => ({ ...info, tdxModuleIdentities: [] })),
  ],
  // The guest
  ['debug bit', /^td_attributes: .*debug/, { quote: { td: { tdAttributes: fromHex('0100001000000000') } } }],
  [
    'any bit of TUD',
    /^td_attributes: .*debug/,
    { quote: { td: { tdAttributes: fromHex('8000001000000000') } } },
  ],
  [
    'SEPT_VE_DISABLE off',
    /^td_attributes: SEPT/,
    { quote: { td: { tdAttributes: fromHex('0000000000000000') } } },
  ],
  [
    'migratable guest',
    /^td_attributes: .*migrated/,
    { quote: { td: { tdAttributes: fromHex('0000003000000000') } } },
  ],
  [
    'reserved attribute bit',
    /^td_attributes: reserved/,
    { quote: { td: { tdAttributes: fromHex('0000001001000000') } } },
  ],
  ['XFAM without SSE', /^td_xfam: .*lacks/, { quote: { td: { xfam: fromHex('e502060000000000') } } }],
  ['reserved XFAM bit', /^td_xfam: reserved/, { quote: { td: { xfam: fromHex('e702060000000080') } } }],
];

describe('refusals', () => {
  it.each(refusals)('%s', async (_what, failure, deviation) => {
    const evidence = makeEvidence(deviation);
    const { policy } = deviation.platform ?? platform;
    const verdict = await verify(evidence, { policy });
    expect(verdict.outcome).toBe('fail');
    expect(failures(verdict)).toContainEqual(expect.stringMatching(failure));
  });

  it('refuses an empty CRL, and one with a byte too many', async () => {
    const { collateral } = makeEvidence();
    for (const pckCrlHex of ['', '3000', `${collateral.pckCrlHex}00`, 'zz']) {
      const verdict = await verify(makeEvidence({ evidence: { collateral: { ...collateral, pckCrlHex } } }));
      expect(failures(verdict)).toEqual([expect.stringMatching(/^pck_crl/)]);
    }
  });

  it('refuses issuer chains that are not the ones of the signatures', async () => {
    const { collateral } = makeEvidence();
    const foreign = issueSimulatedCollateral(other.vendor);
    const parts = ['pckCrlIssuerChainPem', 'tcbInfoIssuerChainPem', 'qeIdentityIssuerChainPem'] as const;
    for (const part of parts) {
      for (const pem of [foreign[part], '', collateral[part].slice(0, -1).concat(' ')]) {
        const verdict = await verify(
          makeEvidence({ evidence: { collateral: { ...collateral, [part]: pem } } }),
        );
        expect(verdict.outcome).toBe('fail');
      }
    }
  });

  it('refuses documents that are longer than any real one', async () => {
    const { collateral } = makeEvidence();
    const tcbInfo = ' '.repeat((1 << 20) + 1);
    const verdict = await verify(makeEvidence({ evidence: { collateral: { ...collateral, tcbInfo } } }));
    expect(failures(verdict)).toEqual([expect.stringMatching(/^tcb_info: .*longer than 1048576/)]);
  });

  it('refuses a TD report that was changed after signing', async () => {
    const { quote } = makeEvidence();
    for (const offset of [48, 168, 376, 520, 631]) {
      const changed = Uint8Array.from(quote);
      changed[offset] = changed[offset]! ^ 1;
      const verdict = await verify(makeEvidence({ evidence: { quote: changed } }));
      expect(failures(verdict)).toEqual([expect.stringMatching(/^quote_signature/)]);
      expect(verdict.measured).toBeNull();
    }
  });

  it('refuses TCB info whose signer is expired, or not signed by the trusted root', async () => {
    const expired = withCertificate('tcbSigning', { notAfterMs: NOW_MS - 1000 });
    const { policy } = expired.platform!;
    const late = await verify(makeEvidence(expired), { policy });
    expect(failures(late)).toEqual([
      expect.stringMatching(/^tcb_info: .*valid from/),
      expect.stringMatching(/^qe_identity: .*valid from/),
    ]);
    const foreign = makeEvidence({ collateral: { documentSigner: other.vendor.keys.tcbSigning } }).collateral;
    const underOurs = simulatedChainPem(other.vendor, 'tcbSigning') + simulatedChainPem(vendor, 'root');
    const underTheirs = simulatedChainPem(other.vendor, 'tcbSigning', 'root');
    for (const [collateral, pem, problem] of [
      [foreign, underOurs, /^tcb_info: signature of "dcml SIMULATED SGX TCB Signing/],
      [foreign, underTheirs, /^tcb_info: .*not one certificate under the trusted root/],
    ] as const) {
      const mixed = { ...collateral, tcbInfoIssuerChainPem: pem };
      const verdict = await verify(makeEvidence({ evidence: { collateral: mixed } }));
      expect(failures(verdict)).toContainEqual(expect.stringMatching(problem));
    }
  });

  it('refuses a PCK CA in the place of the TCB signing certificate', async () => {
    const chain = simulatedChainPem(vendor, 'pckCa', 'root');
    const documents = makeEvidence({ collateral: { documentSigner: vendor.keys.pckCa } }).collateral;
    const collateral = { ...documents, tcbInfoIssuerChainPem: chain };
    const verdict = await verify(makeEvidence({ evidence: { collateral } }));
    expect(failures(verdict)).toContainEqual(expect.stringMatching(/^tcb_info: .*may not sign TCB info/));
  });

  it('refuses valid parts of two platforms put together: a relayed quote', async () => {
    const foreign = makeEvidence({ platform: other });
    const mixed = [
      { ...makeEvidence(), quote: foreign.quote },
      { ...makeEvidence(), collateral: foreign.collateral },
      {
        ...makeEvidence(),
        collateral: {
          ...makeEvidence().collateral,
          tcbInfoSignatureHex: foreign.collateral.tcbInfoSignatureHex,
        },
      },
    ];
    for (const evidence of mixed) expect((await verify(evidence)).outcome).toBe('fail');
  });

  it('accepts within the windows only', async () => {
    const evidence = makeEvidence();
    expect((await verify(evidence, { nowMs: NOW_MS - HOUR_MS })).outcome).toBe('pass');
    expect((await verify(evidence, { nowMs: NOW_MS - HOUR_MS - 1 })).outcome).toBe('fail');
    const end = NOW_MS - HOUR_MS + 30 * DAY_MS;
    expect((await verify(evidence, { nowMs: end })).outcome).toBe('pass');
    expect((await verify(evidence, { nowMs: end + 1 })).outcome).toBe('fail');
  });

  it('never accepts Revoked, even if a policy lists it', async () => {
    const policy = intelPolicy({ allowedTcbStatuses: ['Revoked', 'UpToDate'] });
    const verdict = await verify(makeEvidence(editTcb(allLevels('Revoked'))), { policy });
    expect(failures(verdict)).toContainEqual(
      expect.stringMatching(/^tcb_status_accepted: TCB status is Revoked/),
    );
  });

  it('accepts an older status and its advisories only if the policy lists both', async () => {
    const evidence = makeEvidence({ quote: { td: { teeTcbSvn: fromHex(`050101${'00'.repeat(13)}`) } } });
    const allowedTcbStatuses = ['UpToDate', 'OutOfDate'] as const;
    const policy = intelPolicy({ allowedTcbStatuses });
    expect(failures(await verify(evidence, { policy }))).toEqual([expect.stringMatching(/^advisories/)]);
    const both = intelPolicy({ allowedTcbStatuses, allowedAdvisories: ['INTEL-SA-00000'] });
    const verdict = await verify(evidence, { policy: both });
    expect(verdict.outcome).toBe('pass');
    expect(verdict.measured).toMatchObject({ tcbStatus: 'OutOfDate', advisories: ['INTEL-SA-00000'] });
  });
});
