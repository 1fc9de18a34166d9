import {
  defaultPolicy,
  type EvidencePolicy,
  encodePolicy,
  hardwarePolicy,
  impossibleKinds,
  parsePolicy,
  reviewPolicy,
  vendorRoots,
} from '@dcml/attest';
import type { JsonObject, JsonValue } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { platform } from './simulated-evidence.ts';

const full = JSON.parse(
  encodePolicy({
    ...defaultPolicy,
    amd: { ...defaultPolicy.amd, minTcb: { genoa: { bootloader: 1, tee: 2, snp: 3, microcode: 4 } } },
    nvidia: { ...defaultPolicy.nvidia, minDriverVersion: '550.90.07' },
    nitro: { pcrs: { '0': ['00'.repeat(48)] } },
    tpm: { pcrs: { '7': ['00'.repeat(32)] }, requiredPcrs: [7] },
  }),
) as JsonObject;

function put(value: JsonValue, [first, ...rest]: readonly string[], member: JsonValue): JsonValue {
  if (first === undefined) return member;
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item, i) =>
      `${i}` === first ? put(item, rest, member) : item,
    );
  }
  return { ...(value as JsonObject), [first]: put((value as JsonObject)[first] ?? {}, rest, member) };
}

const h32 = '64 lowercase hex digits';
const h48 = '96 lowercase hex digits';
const twice = (item: JsonValue): JsonValue => [item, item];

/** Member, a wrong value, and what the message has to say beside the path. */
const wrong: readonly (readonly [string, JsonValue, string])[] = [
  ['version', 2, 'expected a number from 1 to 1'],
  ['kinds', [], 'accepts nothing'],
  ['kinds', ['acme'], '[0]: expected one of tdx, dstack-tdx'],
  ['kinds', twice('tdx'), '[1]: names tdx twice'],
  ['roots', 'x', 'expected an array'],
  ['roots', [], 'accepts nothing'],
  ['roots.0.name', 1, 'expected a string'],
  ['roots.0.kind', 'acme', 'expected one of intel, amd'],
  ['roots.0.certificate_pem', '', 'PEM certificate expected'],
  ['roots.0.certificate_pem', 'x', 'PEM certificate expected'],
  [
    'roots.1',
    full['roots'] ? ((full['roots'] as readonly JsonValue[])[0] ?? null) : null,
    'is the same root again',
  ],
  ['platforms', null, 'expected an object'],
  ['platforms.allow', ['XX'], '[0]: expected a platform id in lowercase hex'],
  ['platforms.deny', null, 'expected an array'],
  ['platforms.deny', twice('ab'), '[1]: names ab twice'],
  ['compose_hashes', ['ab'], `[0]: expected ${h32}`],
  ['compose_hashes', twice('00'.repeat(32)), 'twice'],
  ['accept_registered_compose_hashes', 'yes', 'expected true or false'],
  ['image_digests', [1], `[0]: expected ${h32}`],
  ['max_keyset_lifetime_seconds', 0, 'expected a number from 1 to'],
  ['max_evidence_age_seconds', 1.5, 'expected an integer'],
  ['intel.allowed_tcb_statuses', ['Revoked'], 'a revoked platform cannot be accepted'],
  ['intel.allowed_tcb_statuses', ['Fine'], '[0]: expected one of UpToDate'],
  ['intel.allowed_advisories', ['intel-sa-1'], '[0]: expected an id such as INTEL-SA-00837'],
  ['intel.min_tcb_evaluation_data_number', -1, 'expected a number from 0'],
  ['intel.mr_tds', ['ab'], `[0]: expected ${h48}`],
  ['intel.rtmrs.2', ['ab'], `[0]: expected ${h48}`],
  ['intel.rtmrs.4', null, 'is not a known field'],
  ['intel.mr_enclaves', ['ab'], `[0]: expected ${h32}`],
  ['intel.mr_signers', ['ab'], `[0]: expected ${h32}`],
  ['intel.min_isv_svn', 65_536, 'expected a number from 0 to 65535'],
  ['amd.products', ['rome'], '[0]: expected one of milan, genoa, turin'],
  ['amd.endorsements', ['vekk'], '[0]: expected one of vcek, vlek'],
  ['amd.min_tcb.rome', {}, 'is not a known field'],
  ['amd.min_tcb.genoa.microcode', 256, 'expected a number from 0 to 255'],
  ['amd.min_tcb.genoa.fmc', 1, 'exists on turin only'],
  ['amd.launch_digests', ['ab'], `[0]: expected ${h48}`],
  ['amd.host_data', ['ab'], `[0]: expected ${h32}`],
  ['amd.max_vmpl', 4, 'expected a number from 0 to 3'],
  ['amd.allow_smt', 1, 'expected true or false'],
  ['amd.allow_migration_agent', null, 'expected true or false'],
  ['nvidia.min_gpus', 65, 'expected a number from 0 to 64'],
  ['nvidia.min_switches', '4', 'expected a number from 0 to 64'],
  ['nvidia.architectures', ['volta'], '[0]: expected one of hopper, blackwell, ls10'],
  ['nvidia.require_rims', 0, 'expected true or false'],
  ['nvidia.require_ocsp', 0, 'expected true or false'],
  ['nvidia.min_driver_version', 'newest', 'expected a version such as 550.90.07'],
  ['nitro.pcrs.0', ['00'.repeat(32)], `[0]: expected ${h48}`],
  ['nitro.pcrs.0', [], 'a register without an accepted value refuses everything'],
  ['nitro.pcrs.32', ['00'.repeat(48)], 'expected a register number from 0 to 31'],
  ['tpm.pcrs.7', ['00'.repeat(33)], '[0]: expected 40, 64 or 96 lowercase hex digits'],
  ['tpm.pcrs.07', ['00'.repeat(32)], 'expected a register number from 0 to 23'],
  ['tpm.required_pcrs', [24], '[0]: expected a register number from 0 to 23'],
  ['tpm.required_pcrs', [7, 7], '[1]: names 7 twice'],
  ['debug', true, 'is not a known field'],
];

describe('policy members', () => {
  it.each(wrong)('%s as %j: %s', (path, value, message) => {
    const text = JSON.stringify(put(full, path.split('.'), value));
    const dotted = `policy.${path.replaceAll(/\.(\d+)(?=\.|$)(?<=roots\.\d+)/g, '[$1]')}`;
    expect(() => parsePolicy(text)).toThrow(message);
    expect(() => parsePolicy(text)).toThrow(dotted);
    expect(() => parsePolicy(text)).toThrow(expect.objectContaining({ code: 'ATTEST_POLICY' }));
  });

  it('every member is there, or its absence is explained', () => {
    const optional = ['min_tcb_evaluation_data_number', 'min_driver_version'];
    const visit = (value: JsonValue, path: readonly string[]): void => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
      for (const [name, item] of Object.entries(value)) {
        const { [name]: _, ...rest } = value as JsonObject;
        const isFree = optional.includes(name) || ['min_tcb', 'pcrs'].includes(path.at(-1) ?? '');
        const parse = (): unknown => parsePolicy(JSON.stringify(put(full, path, rest)));
        if (isFree) expect(parse, name).not.toThrow();
        else expect(parse).toThrow(`policy.${[...path, name].join('.')}: is missing`);
        visit(item, [...path, name]);
      }
    };
    visit(full, []);
  });

  it('refuses a member that stands there twice', () => {
    const text = JSON.stringify(full).replace('"version":1', '"version":1,"version":1');
    expect(() => parsePolicy(text)).toThrow('duplicate key');
  });
});

describe('a policy that nothing can satisfy', () => {
  const change = (members: Partial<EvidencePolicy>): string => encodePolicy({ ...defaultPolicy, ...members });
  const { intel, amd } = defaultPolicy;
  const intelRoots = vendorRoots.filter((root) => root.kind === 'intel');
  it.each<readonly [string, Partial<EvidencePolicy>, string]>([
    [
      'no root for its kinds',
      { kinds: ['snp'], roots: intelRoots },
      'policy.roots: the policy accepts nothing: for evidence of kind snp, no root of kind amd',
    ],
    [
      'no status',
      { kinds: ['sgx'], intel: { ...intel, allowedTcbStatuses: [] } },
      'policy.intel.allowed_tcb_statuses: the policy accepts nothing',
    ],
    [
      'no product',
      { kinds: ['snp'], amd: { ...amd, products: [] } },
      'policy.amd.products: the policy accepts nothing',
    ],
    ['no endorsement', { kinds: ['snp'], amd: { ...amd, endorsements: [] } }, 'policy.amd.endorsements'],
    [
      'no architecture',
      { kinds: ['nvidia'], nvidia: { ...defaultPolicy.nvidia, architectures: [] } },
      'policy.nvidia.architectures',
    ],
    [
      'no root for manifests',
      { kinds: ['nvidia'], roots: vendorRoots.filter((root) => root.kind !== 'nvidia-rim') },
      'no root of kind nvidia-rim',
    ],
    [
      'no application',
      { kinds: ['tdx', 'dstack-tdx'], acceptRegisteredComposeHashes: false },
      'policy.compose_hashes: the policy accepts nothing',
    ],
    [
      'no platform',
      { platforms: { allow: [], deny: [] } },
      'policy.platforms.allow: the policy accepts nothing',
    ],
  ])('%s', (_what, members, message) => {
    expect(() => parsePolicy(change(members))).toThrow(message);
  });

  it('names the kinds that are dead among living ones', () => {
    const policy: EvidencePolicy = { ...hardwarePolicy, roots: intelRoots };
    expect(parsePolicy(encodePolicy(policy))).toEqual(policy);
    expect([...impossibleKinds(policy).keys()]).toEqual(['snp', 'nvidia', 'nitro', 'azure-snp']);
  });
});

describe('reviewPolicy', () => {
  const remarks = (members: Partial<EvidencePolicy>): string[] =>
    reviewPolicy({ ...defaultPolicy, ...members }).map(({ path }) => path);
  const usual = remarks({});
  const added = (members: Partial<EvidencePolicy>): string[] =>
    remarks(members).filter((path) => !usual.includes(path));
  const { intel, amd, nvidia } = defaultPolicy;

  it('says of the default only what it leaves to the user', () => {
    expect(usual).toEqual([
      'policy.nitro.pcrs',
      'policy.intel.mr_enclaves',
      'policy.amd.launch_digests',
      'policy.intel.mr_tds',
      'policy.tpm.pcrs',
    ]);
    expect(reviewPolicy({ ...defaultPolicy, kinds: ['nvidia'] })).toEqual([]);
  });

  it.each<readonly [string, Partial<EvidencePolicy>, string]>([
    [
      'simulated roots',
      { roots: [...vendorRoots, ...platform.policy.roots] },
      `policy.roots[${vendorRoots.length}]`,
    ],
    ['any application', { composeHashes: null }, 'policy.compose_hashes'],
    [
      'weak statuses',
      { intel: { ...intel, allowedTcbStatuses: ['UpToDate', 'OutOfDate'] } },
      'policy.intel.allowed_tcb_statuses',
    ],
    [
      'waived advisories',
      { intel: { ...intel, allowedAdvisories: ['INTEL-SA-1'] } },
      'policy.intel.allowed_advisories',
    ],
    [
      'old collateral',
      { intel: { ...intel, minTcbEvaluationDataNumber: 16 } },
      'policy.intel.min_tcb_evaluation_data_number',
    ],
    ['milan', { amd: { ...amd, products: ['milan'] } }, 'policy.amd.products'],
    ['higher levels', { amd: { ...amd, maxVmpl: 3 } }, 'policy.amd.max_vmpl'],
    ['migration', { amd: { ...amd, allowMigrationAgent: true } }, 'policy.amd.allow_migration_agent'],
    ['no references', { nvidia: { ...nvidia, requireRims: false } }, 'policy.nvidia.require_rims'],
    ['no revocation', { nvidia: { ...nvidia, requireOcsp: false } }, 'policy.nvidia.require_ocsp'],
    ['tokens', { kinds: [...defaultPolicy.kinds, 'nras'] }, 'policy.kinds'],
    ['TPMs', { kinds: [...defaultPolicy.kinds, 'tpm'] }, 'policy.kinds'],
    [
      'GPUs that no kind shows',
      { kinds: ['tdx'], nvidia: { ...nvidia, minGpus: 1 } },
      'policy.nvidia.min_gpus',
    ],
    ['a platform on both lists', { platforms: { allow: ['ab'], deny: ['ab'] } }, 'policy.platforms.deny'],
  ])('points out %s', (_what, members, path) => {
    expect(added(members)).toContain(path);
  });
});
