import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encodePolicy, evidenceKinds, hardwarePolicy } from '@dcml/attest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

// Captured evidence through the command line: what verifies, what is refused and by which claims, as the samples' index
// states. Third parties' files lie beside the repository and are never part of it.
const root = process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../shared/evidence');
const hasSamples = existsSync(join(root, 'tdx'));
if (!hasSamples)
  console.warn(
    `SKIPPED: no captured evidence at ${root}; set DCML_EVIDENCE to verify real files by the command line`,
  );

let directory: string;
let policy: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcml-samples-'));
  policy = join(directory, 'policy.json');
  // Half of the captures are of Milan, which the default leaves out.
  const amd = { ...hardwarePolicy.amd, products: ['milan', 'genoa', 'turin'] as const };
  const kinds = evidenceKinds.filter((kind) => kind !== 'nras' && kind !== 'tpm');
  writeFileSync(
    policy,
    encodePolicy({ ...hardwarePolicy, kinds, amd, nvidia: { ...hardwarePolicy.nvidia, requireOcsp: false } }),
  );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Answer {
  readonly outcome: string;
  readonly simulated: boolean;
  readonly evidence: readonly {
    readonly claims: readonly { readonly name: string; readonly outcome: string; readonly optional?: true }[];
    readonly measured: { readonly report_data: string | null } | null;
  }[];
}

async function verify(file: string, at: string, collateral: readonly string[], more: readonly string[] = []) {
  const given = collateral.flatMap((name) => ['--collateral', join(root, name)]);
  const words = [
    'attest',
    'verify',
    join(root, file),
    '--at',
    at,
    ...given,
    '--policy',
    policy,
    '--json',
    ...more,
  ];
  const { code, stdout, stderr } = await runCli([...words, '--home', directory]);
  expect(stderr).not.toMatch(/^ +at /m);
  return { code, answer: JSON.parse(stdout) as Answer };
}

const named = ({ evidence }: Answer, outcome: string): string[] =>
  evidence.flatMap(({ claims }) =>
    claims.filter((claim) => claim.outcome === outcome && claim.optional !== true).map(({ name }) => name),
  );

/** File, moment, collateral: genuine and sound, but for the nonce that a stranger does not know. */
const sound: readonly (readonly [string, string, readonly string[]])[] = [
  ['tdx/phala-tdx_quote.bin', '2025-06-25', ['tdx']],
  ['tdx/phala-near-gas.bin', '2025-09-10', ['tdx/phala-near-gas.collateral.json']],
  ['tdx/nearai-vllm-proxy-sample.bin', '2025-09-10', ['tdx']],
  ['tdx/nearai-e2e-readme.bin', '2025-06-25', ['tdx']],
  ['tdx/openpcc-azure_tdx_report.test_azure_tdx_quote_pem.bin', '2025-06-25', ['tdx']],
  [
    'tdx/google-cos113-v4.bin',
    '2025-07-10',
    [
      'tdx/phala-tdx_quote.collateral.json',
      'tdx/automata-collateral-solana-tcb_info_v3_with_tdx_module.json',
      'tdx/automata-collateral-solana-qe_identity.json',
      'tdx/automata-collateral-solana-pck_platform_crl.der',
      'tdx/google-cos113-ccel_data.bin',
    ],
  ],
  ['sev-snp/coco-test-report.bin', '2025-06-25', ['sev-snp']],
  ['az-snp-vtpm/coco-evidence-v0.json', '2025-06-25', ['sev-snp']],
  ['az-snp-vtpm/coco-evidence-v1.json', '2025-06-25', ['sev-snp']],
  ['az-snp-vtpm/coco-evidence-genoa.json', '2025-06-25', ['sev-snp']],
  ['nitro/dstack-attest-nitro_attestation.cose', '2025-12-25T16:04:19Z', []],
  ['nitro/dstack-attest-nitro_attestation.bin', '2025-12-25T16:04:19Z', []],
  ['nitro/evervault-valid-attestation-doc-bytes', '2022-10-13T08:58:02Z', []],
];

/** File, moment, collateral, and the claims that refuse it. */
const refused: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  [
    'tdx/coco-az-td-quote.bin',
    '2025-06-25',
    ['tdx'],
    ['tcb_status_accepted', 'advisories_accepted', 'td_attributes'],
  ],
  ['tdx/automata-samples-v4.bin', '2025-06-25', ['tdx'], ['tcb_status_accepted', 'advisories_accepted']],
  ['tdx/nearai-e2e-readme.bin', '2026-02-25', ['tdx'], ['tcb_status_accepted', 'advisories_accepted']],
  ['tdx/phala-tdx-quote-hex.bin', '2025-06-25', ['tdx'], ['tcb_level']],
  ['tdx/intel-qvl-testca-quote.dat', '2025-06-25', ['tdx'], ['quote_format']],
  ['sgx/automata-v3.bin', '2025-08-20', ['tdx'], ['tcb_status_accepted', 'advisories_accepted']],
  ['sgx/phala-sgx_quote.bin', '2025-06-25', ['sgx'], ['tcb_status_accepted', 'advisories_accepted']],
  ['sev-snp/coco-test-vlek-report.bin', '2025-06-25', ['sev-snp'], ['vmpl_accepted']],
  ['sev-snp/google-attestation-milan.bin', '2025-06-25', ['sev-snp'], ['guest_policy']],
  [
    'sev-snp/coco-test-report.bin',
    '2025-06-25',
    [
      'sev-snp/coco-test-vcek-invalid-new.der',
      'sev-snp/amd-ask_ark_milan.pem',
      'sev-snp/openpcc-sev_certificates.txt',
    ],
    [],
  ],
  ['nitro/dstack-attest-nitro_attestation_dbg.cose', '2025-12-25T08:20:46Z', [], ['not_debug']],
  ['nitro/base-hinted.b64', '2025-06-25', [], ['document_format']],
  [
    'nvidia/sdkut-sample-hopperAttestationReportInvalidSignature.txt',
    '2024-06-01',
    ['nvidia/sdkut-sample-hopperCertChain.txt'],
    ['report_signature'],
  ],
  [
    'az-tdx-vtpm/coco-evidence-v1.json',
    '2025-06-25',
    ['tdx'],
    ['tcb_status_accepted', 'advisories_accepted', 'td_attributes'],
  ],
];

describe.skipIf(!hasSamples)('captured evidence by the command line', () => {
  it.each(sound)('%s at %s: open for want of the nonce, accepted with it', async (file, at, collateral) => {
    const open = await verify(file, at, collateral);
    expect([open.code, open.answer.outcome]).toEqual([1, 'unknown']);
    expect(named(open.answer, 'unknown')).toEqual(['report_data_bound']);
    expect(open.answer.simulated).toBe(false);
    const bound = open.answer.evidence[0]?.measured?.report_data;
    // What is authentic says what it binds; a caller would know it from his own nonce.
    if (bound === null || bound === undefined || bound === '') return;
    const slot = /^(?:tdx|sev-snp)/.test(file) ? '--report-data' : '--nonce';
    const { code, answer } = await verify(file, at, collateral, [slot, bound]);
    expect([named(answer, 'fail'), code]).toEqual([[], 0]);
  });

  it.each(refused)('%s at %s is refused', async (file, at, collateral, claims) => {
    const { code, answer } = await verify(file, at, collateral);
    expect(code).toBe(1);
    expect(answer.outcome).not.toBe('pass');
    if (claims.length > 0) expect(named(answer, 'fail')).toEqual(claims);
  });

  it('takes of a collection of manifests those for the devices at hand', async () => {
    const { answer } = await verify('nvidia/sdk-hopper_evidence.json', '2024-06-01', ['nvidia']);
    expect([named(answer, 'fail'), answer.outcome]).toEqual([[], 'unknown']);
  });

  it('nothing is accepted without collateral and nonce', async () => {
    for (const [file, at] of sound) {
      const { code, answer } = await verify(file, at, []);
      expect([code, answer.outcome], file).toEqual([1, 'unknown']);
    }
  });
});
