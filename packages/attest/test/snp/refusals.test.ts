import {
  type AmdPolicy,
  type AmdTcb,
  defaultPolicy,
  type EvidencePolicy,
  type SnpCollateral,
} from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import {
  createAmdKeys,
  createSigningKey,
  issueSimulatedSnpCollateral,
  type SimulatedAmdVendor,
  simulatedAmdTcb,
  toPem,
  writeAmdTcb,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  createVendor,
  type Deviation,
  failures,
  genoa,
  makeEvidence,
  NOW_MS,
  policyFor,
  vendorOf,
  verify,
} from './simulated-snp.ts';

const HOUR_MS = 3_600_000;
const turin = vendorOf('turin');
const vlek = vendorOf('genoa', 'vlek');
const stranger = createVendor({ keys: createAmdKeys() });
const foreignKey = createSigningKey('ecdsa-sha384');

type Options = Parameters<typeof createVendor>[0];
type Case = readonly [what: string, failure: RegExp, deviation: Deviation];

const vendorWith = (options: Options): Deviation => ({ vendor: createVendor(options) });
const certificate = (role: 'root' | 'ca' | 'endorsement', fields: object): Deviation =>
  vendorWith({ certificates: { [role]: fields } });
const collateral = (part: Partial<SnpCollateral>, vendor = genoa): Deviation => ({
  vendor,
  evidence: { collateral: { ...issueSimulatedSnpCollateral(vendor), ...part } },
});
const fields = (part: object, vendor?: SimulatedAmdVendor): Deviation => ({
  report: { fields: part },
  ...(vendor && { vendor }),
});
const chainOf = (ca: Uint8Array, root: Uint8Array): Partial<SnpCollateral> => ({
  issuerChainPem: toPem(ca) + toPem(root),
});
/** Signed bytes with `values` from `offset` on. */
const signedWith = (offset: number, ...values: number[]): Deviation => ({
  report: { edit: (bytes) => bytes.set(values, offset) },
});

const certificates: readonly Case[] = [
  ...(['root', 'ca', 'endorsement'] as const).flatMap((role): Case[] => [
    [`expired ${role}`, /^endorsement_chain: .*valid from/, certificate(role, { notAfterMs: NOW_MS - 1000 })],
    [
      `${role} of the future`,
      /^endorsement_chain: .*valid from/,
      certificate(role, { notBeforeMs: NOW_MS + 1000 }),
    ],
    [
      `${role} of another name`,
      /^(endorsement_format|endorsement_chain): /,
      certificate(role, { subject: 'SEV' }),
    ],
  ]),
  ['ASK without the CA flag', /^endorsement_chain: .*is no CA/, certificate('ca', { pathLength: undefined })],
  [
    'ARK without the CA flag',
    /^endorsement_chain: .*is no CA/,
    certificate('root', { pathLength: undefined }),
  ],
  ['ARK that permits no CA', /^endorsement_chain: .*permits no CA/, certificate('root', { pathLength: 0 })],
  [
    'endorsement certificate that is a CA',
    /^endorsement_chain: .*not a signing leaf/,
    certificate('endorsement', { isBare: false, pathLength: 0 }),
  ],
  [
    'leaf of another issuer',
    /^endorsement_chain: .*another issuer/,
    certificate('endorsement', { issuer: 'x' }),
  ],
  [
    'ASVK above a VCEK',
    /^endorsement_chain: .*is not SEV-Genoa/,
    vendorWith({
      certificates: { ca: { subject: 'SEV-VLEK-Genoa' }, endorsement: { issuer: 'SEV-VLEK-Genoa' } },
    }),
  ],
  [
    'ASK above a VLEK',
    /^endorsement_chain: .*is not SEV-VLEK-Genoa/,
    vendorWith({
      endorsement: 'vlek',
      certificates: { ca: { subject: 'SEV-Genoa' }, endorsement: { issuer: 'SEV-Genoa' } },
    }),
  ],
  [
    'ASK of another product',
    /^endorsement_chain: .*is not SEV-Genoa/,
    vendorWith({ certificates: { ca: { subject: 'SEV-Milan' }, endorsement: { issuer: 'SEV-Milan' } } }),
  ],
  [
    'ARK of another product',
    /^endorsement_chain: .*is not ARK-Genoa/,
    vendorWith({
      certificates: { root: { subject: 'ARK-Milan', issuer: 'ARK-Milan' }, ca: { issuer: 'ARK-Milan' } },
    }),
  ],
  [
    'certificate for another product than its chain',
    /^endorsement_chain: .*is not SEV-Milan/,
    vendorWith({ extensions: { productName: 'Milan' } }),
  ],
  [
    'signing CA of a stranger with the same name',
    /^endorsement_chain: signature of .* is wrong/,
    collateral(chainOf(stranger.certificates.ca, genoa.certificates.root)),
  ],
  [
    'endorsement certificate of a stranger',
    /^endorsement_chain: signature of .* is wrong/,
    collateral({ endorsementCertificateHex: toHex(stranger.certificates.endorsement) }),
  ],
  [
    'root of a stranger',
    /^trusted_root: .*not a root of the policy/,
    collateral(chainOf(stranger.certificates.ca, stranger.certificates.root)),
  ],
  [
    'chain without its root',
    /^endorsement_format: .*signing CA and a root/,
    collateral({ issuerChainPem: toPem(genoa.certificates.ca) }),
  ],
  [
    'chain of three',
    /^endorsement_format: .*more than 2/,
    collateral({ issuerChainPem: toPem(genoa.certificates.ca) + toPem(genoa.certificates.root).repeat(2) }),
  ],
  [
    'chain in the wrong order',
    /^trusted_root: "SEV-Genoa"/,
    collateral(chainOf(genoa.certificates.root, genoa.certificates.ca)),
  ],
  ['no certificate', /^endorsement_format: /, collateral({ endorsementCertificateHex: '' })],
  [
    'huge certificate',
    /^endorsement_format: .*longer than 8192/,
    collateral({ endorsementCertificateHex: '00'.repeat(8193) }),
  ],
  ['certificate that is no hex', /^endorsement_format: /, collateral({ endorsementCertificateHex: 'zz' })],
  [
    'byte after the certificate',
    /^endorsement_format: .*unexplained/,
    collateral({ endorsementCertificateHex: `${toHex(genoa.certificates.endorsement)}00` }),
  ],
  [
    'line feeds as of another system',
    /^endorsement_format: /,
    collateral({ issuerChainPem: toPem(genoa.certificates.ca).replaceAll('\n', '\r\n') }),
  ],
];

const revocation: readonly Case[] = [
  [
    'revoked ASK',
    /^revocation: "SEV-Genoa".* is revoked/,
    { collateral: { crl: { revokedSerials: [genoa.serials.ca] } } },
  ],
  [
    'revoked VLEK',
    /^revocation: "SEV-VLEK".* is revoked/,
    { vendor: vlek, collateral: { crl: { revokedSerials: [vlek.serials.endorsement] } } },
  ],
  [
    'revoked VCEK',
    /^revocation: "SEV-VCEK".* is revoked/,
    { collateral: { crl: { revokedSerials: [fromHex('77'), genoa.serials.endorsement] } } },
  ],
  ['expired CRL', /^crl: .*valid from/, { collateral: { crl: { nextUpdateMs: NOW_MS - HOUR_MS } } }],
  ['CRL of the future', /^crl: .*valid from/, { collateral: { crl: { thisUpdateMs: NOW_MS + HOUR_MS } } }],
  ['CRL by another key', /^crl: signature/, { collateral: { crlSigner: stranger.keys.root } }],
  ['CRL by the ASK', /^crl: signature/, { collateral: { crlSigner: genoa.keys.ca } }],
  ['CRL of another issuer', /^crl: CRL was not issued by/, { collateral: { crl: { issuer: 'ARK-Milan' } } }],
  ['empty CRL', /^crl: /, collateral({ crlHex: '' })],
  ['huge CRL', /^crl: .*longer than/, collateral({ crlHex: '00'.repeat((1 << 20) + 1) })],
];

const tcb = simulatedAmdTcb('genoa');
const lower = writeAmdTcb('genoa', { ...tcb, microcode: tcb.microcode - 1 });
const higher = writeAmdTcb('genoa', { ...tcb, snp: tcb.snp + 1 });

const endorsement: readonly Case[] = [
  ['report by another key', /^report_signature: /, { report: { signer: foreignKey } }],
  ['masked chip key', /^signing_key: .*masks/, fields({ keyInfo: 2 })],
  ['report that no key signed', /^signing_key: .*none/, fields({ keyInfo: 7 << 2 })],
  ['VLEK named, VCEK given', /^signing_key: .*vlek/, fields({ keyInfo: 1 << 2 })],
  ['VCEK named, VLEK given', /^signing_key: .*vcek/, fields({ keyInfo: 0 }, vlek)],
  ['older reported TCB than certified', /^certified_tcb: /, fields({ reportedTcb: lower })],
  ['newer reported TCB than certified', /^certified_tcb: /, fields({ reportedTcb: higher })],
  [
    'certificate for another FMC',
    /^certified_tcb: .*fmc 2/,
    {
      vendor: createVendor({
        product: 'turin',
        extensions: { tcb: { ...simulatedAmdTcb('turin'), fmc: 1 } },
      }),
    },
  ],
  ['reserved byte of the reported TCB', /^certified_tcb: .*offset 386/, signedWith(0x182, 1)],
  [
    'reserved byte of the reported TCB on Turin',
    /^certified_tcb: .*offset 388/,
    { vendor: turin, ...signedWith(0x184, 1) },
  ],
  ['another chip', /^certified_processor: .*chip/, fields({ chipId: new Uint8Array(64).fill(1) })],
  ['masked chip id', /^certified_processor: .*chip/, fields({ chipId: new Uint8Array(64) })],
  [
    'chip id of Turin with more than 8 bytes',
    /^certified_processor: .*chip/,
    { vendor: turin, ...signedWith(0x1df, 1) },
  ],
  ['Milan processor under Genoa', /^certified_processor: .*no Genoa/, signedWith(0x188, 0x19, 0x01)],
  ['Turin processor under Genoa', /^certified_processor: .*no Genoa/, signedWith(0x188, 0x1a, 0x02)],
  ['unknown model', /^certified_processor: .*model 0x20/, signedWith(0x188, 0x19, 0x20)],
  ['unknown family', /^certified_processor: .*family 0x1b/, signedWith(0x188, 0x1b, 0x02)],
];

const guest: readonly Case[] = [
  ['guest under debug', /^guest_policy: .*debugging/, fields({ policy: 0xb0000 })],
  [
    'guest that a migration agent may move',
    /^guest_policy: .*migration agent may/,
    fields({ policy: 0x70000 }),
  ],
  [
    'migration agent against the policy of the guest',
    /^guest_policy: .*against/,
    fields({ migrationAgentReportId: new Uint8Array(32).fill(1) }),
  ],
  ['report at VMPL 1', /^vmpl_accepted: .*VMPL 1/, fields({ vmpl: 1 })],
  [
    'author key digest without author key',
    /^author_key: .*without an author key/,
    fields({ authorKeyDigest: new Uint8Array(48).fill(1) }),
  ],
  ['author key without digest', /^author_key: .*without its digest/, fields({ keyInfo: 1 })],
  [
    'author key without id key',
    /^author_key: .*without an id key/,
    fields({ keyInfo: 1, authorKeyDigest: new Uint8Array(48).fill(1) }),
  ],
  [
    'committed TCB behind the reported one',
    /^tcb_order: .*reported TCB is ahead/,
    fields({ committedTcb: lower }),
  ],
  [
    'current TCB behind the committed one',
    /^tcb_order: .*committed TCB is ahead/,
    fields({ currentTcb: lower }),
  ],
  [
    'committed version ahead of the current one',
    /^tcb_order: .*firmware version/,
    fields({ committedVersion: Uint8Array.of(0, 56, 1) }),
  ],
  ['reserved byte of the current TCB', /^tcb_order: current TCB.*offset 58/, signedWith(0x3a, 1)],
  ['reserved byte of the committed TCB', /^tcb_order: committed TCB.*offset 485/, signedWith(0x1e5, 1)],
  ['reserved byte of the launch TCB', /^tcb_order: launch TCB.*offset 501/, signedWith(0x1f5, 1)],
  ['other report data', /^report_data_bound: /, fields({ reportData: new Uint8Array(64) })],
];

describe.each([
  ['certificates', certificates],
  ['revocation', revocation],
  ['the key and its report', endorsement],
  ['the guest', guest],
])('%s: refuses', (_, cases) => {
  it.each(cases)('%s', async (_what, failure, deviation) => {
    const vendor = deviation.vendor ?? genoa;
    const verdict = await verify(makeEvidence(deviation), vendor);
    expect(failures(verdict).join('\n')).toMatch(failure);
    expect(failures(verdict)).toHaveLength(1);
    expect(verdict.outcome).toBe('fail');
  });
});

it.each([...certificates, ...revocation, ...endorsement])(
  'measures nothing of %s',
  async (_, __, deviation) => {
    const verdict = await verify(makeEvidence(deviation), deviation.vendor ?? genoa);
    expect(verdict.measured).toBeNull();
  },
);

const chip = toHex(genoa.chipId);
type PolicyCase = readonly [
  what: string,
  failure: RegExp,
  amd: Partial<AmdPolicy>,
  deviation: Deviation,
  rest: Partial<EvidencePolicy>,
];
const decides = (
  what: string,
  failure: RegExp,
  amd: Partial<AmdPolicy>,
  deviation: Deviation = {},
  rest: Partial<EvidencePolicy> = {},
): PolicyCase => [what, failure, amd, deviation, rest];

const policies: readonly PolicyCase[] = [
  decides('product', /^product_accepted: /, { products: ['milan', 'turin'] }),
  decides('kind of key: VCEK', /^endorsement_accepted: /, { endorsements: ['vlek'] }),
  decides('kind of key: VLEK', /^endorsement_accepted: /, { endorsements: ['vcek'] }, { vendor: vlek }),
  decides('SMT', /^guest_policy: .*SMT/, { allowSmt: false }),
  decides('launch digest', /^launch_digest_accepted: /, { launchDigests: ['00'.repeat(48)] }),
  decides('host data', /^host_data_accepted: /, { hostData: ['11'.repeat(32)] }),
  decides('reported TCB', /^tcb_accepted: reported/, { minTcb: { genoa: { ...tcb, microcode: 220 } } }),
  decides(
    'committed TCB',
    /^tcb_accepted: reported/,
    { minTcb: { genoa: { ...tcb, snp: tcb.snp + 1 } } },
    fields({ currentTcb: higher, committedTcb: higher }),
  ),
  decides('launch TCB', /^tcb_accepted: launch/, { minTcb: { genoa: tcb } }, fields({ launchTcb: lower })),
  decides('FMC', /^tcb_accepted: .*fmc/, { minTcb: { turin: { ...tcb, fmc: 3 } } }, { vendor: turin }),
  decides(
    'denied chip',
    /^platform_accepted: .*denies/,
    {},
    {},
    { platforms: { allow: null, deny: [chip] } },
  ),
  decides(
    'chip not listed',
    /^platform_accepted: .*not in the policy/,
    {},
    {},
    { platforms: { allow: ['00'], deny: [] } },
  ),
  decides(
    'no chip where chips are listed',
    /^platform_accepted: .*names no platform/,
    {},
    { vendor: vlek },
    { platforms: { allow: [chip], deny: [] } },
  ),
];

describe('the policy decides about', () => {
  it.each(policies)('%s', async (_, failure, amd, deviation, rest) => {
    const vendor = deviation.vendor ?? genoa;
    const policy = { ...policyFor(vendor, amd), ...rest };
    const verdict = await verify(makeEvidence(deviation), vendor, { policy });
    expect(failures(verdict).join('\n')).toMatch(failure);
    expect(failures(verdict)).toHaveLength(1);
  });

  it('all of it: what it lists is accepted', async () => {
    const evidence = makeEvidence({ report: { fields: { vmpl: 1, policy: 0x60000 } } });
    const amd: AmdPolicy = {
      products: ['genoa'],
      endorsements: ['vcek'],
      minTcb: { genoa: tcb, milan: { ...tcb, snp: 255 } },
      launchDigests: [toHex(evidence.report.subarray(0x90, 0xc0))],
      hostData: ['00'.repeat(32)],
      maxVmpl: 1,
      allowSmt: false,
      allowMigrationAgent: true,
    };
    const policy = { ...policyFor(genoa, amd), platforms: { allow: [chip], deny: ['00'.repeat(64)] } };
    const verdict = await verify(evidence, genoa, { policy });
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('pass');
  });

  it('its roots: one of another kind does not count', async () => {
    const { roots, ...policy } = policyFor(genoa);
    const intel = roots.map((root) => ({ ...root, kind: 'intel' as const }));
    const verdict = await verify(makeEvidence(), genoa, { policy: { ...policy, roots: intel } });
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toMatch(/^trusted_root/);
  });

  it('its roots: the default ones refuse everything simulated', async () => {
    const policy = { ...defaultPolicy, composeHashes: null };
    const verdict = await verify(makeEvidence(), genoa, { policy });
    expect(failures(verdict)[0]).toMatch(/^trusted_root/);
    expect(verdict.simulated).toBe(true);
  });
});

it('a guest with an id block that an author certified is accepted', async () => {
  const digest = new Uint8Array(48).fill(3);
  const deviation = fields({ keyInfo: 1, idKeyDigest: digest, authorKeyDigest: digest });
  const verdict = await verify(makeEvidence(deviation));
  expect(verdict.outcome).toBe('pass');
  expect(verdict.measured).toMatchObject({ idKeyDigest: toHex(digest), authorKeyDigest: toHex(digest) });
});

it('an update that the host can still take back counts by its committed TCB', async () => {
  const verdict = await verify(makeEvidence(fields({ currentTcb: higher, launchTcb: higher })));
  expect(verdict.outcome).toBe('pass');
});

describe.each(['bootloader', 'tee', 'snp', 'microcode', 'fmc'] as const)('the %s of the TCB', (component) => {
  const vendor = turin;
  const certified = simulatedAmdTcb('turin');
  const other = (change: number): AmdTcb => ({
    ...certified,
    [component]: (certified[component] ?? 0) + change,
  });

  it.each([-1, 1])('has to be the certified one, not %i off', async (change) => {
    const reportedTcb = writeAmdTcb('turin', other(change));
    const verdict = await verify(makeEvidence(fields({ reportedTcb }, vendor)), vendor);
    expect(failures(verdict).join('\n')).toMatch(/^certified_tcb: /);
  });

  it('has to reach the minimum', async () => {
    const amd = { minTcb: { turin: other(1) } };
    const verdict = await verify(makeEvidence({ vendor }), vendor, { policy: policyFor(vendor, amd) });
    expect(failures(verdict).join('\n')).toMatch(/^tcb_accepted: reported/);
  });

  it('may not be committed before it runs', async () => {
    const currentTcb = writeAmdTcb('turin', other(-1));
    const verdict = await verify(makeEvidence(fields({ currentTcb }, vendor)), vendor);
    expect(failures(verdict).join('\n')).toMatch(/^tcb_order: /);
  });
});
