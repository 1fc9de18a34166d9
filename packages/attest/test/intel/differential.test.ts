import {
  type EvidencePolicy,
  type IntelCollateral,
  parseSgxQuote,
  parseTdxQuote,
  prepareIntelCollateral,
  tcbStatuses,
  verifyEvidence,
} from '@dcml/attest';
import { fromHex } from '@dcml/core';
import { signSimulatedQuote, simulatedTd15 } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { parsePckChain } from '../../src/intel/pck-chain.ts';
import { parsePckIdentity } from '../../src/intel/sgx-extension.ts';
import { collateralSet, hasSamples, listQuotes, readSample, samplePolicy } from '../real-samples.ts';
import { makeSgxEvidence } from '../sgx/simulated-sgx.ts';
import { makeEvidence, NOW_MS, platform } from '../simulated-evidence.ts';
import { jsOracle, type OracleAnswer, oracleCollateral, wasmOracle } from './qvl-oracles.ts';

// What other verifiers of Intel quotes say of the same bytes. They return a status for the caller to judge, so ours is
// asked with a policy that takes every status; docs/protocol/evidence-intel.md explains each difference.

const lenient = (policy: EvidencePolicy): EvidencePolicy => ({
  ...policy,
  composeHashes: null,
  intel: {
    ...policy.intel,
    minTcbEvaluationDataNumber: 0,
    allowedTcbStatuses: tcbStatuses.filter((status) => status !== 'Revoked'),
  },
});

type Kind = 'tdx' | 'sgx';

/** The TCB status, or `refused`. */
async function ourAnswer(
  kind: Kind,
  quote: Uint8Array,
  collateral: IntelCollateral,
  nowMs: number,
  policy: EvidencePolicy = samplePolicy,
): Promise<string> {
  const verdict = await verifyEvidence({ kind, quote, collateral }, { policy: lenient(policy), nowMs });
  const failed = verdict.claims.filter(
    ({ name, outcome }) => outcome === 'fail' && name !== 'advisories_accepted',
  );
  const { measured } = verdict;
  const status = measured !== null && 'tcbStatus' in measured ? measured.tcbStatus : null;
  return failed.length > 0 ? 'refused' : String(status);
}

const told = (answer: OracleAnswer): string => answer.status ?? 'refused';
const production = jsOracle();
const sets: Readonly<Record<Kind, readonly string[]>> = {
  tdx: ['phala', 'near', 'outd', 'g90_2026', 'a90_0625', 'a80_0625', 'a80_0725', 'a80_1025'],
  sgx: ['sgx', 's606a'],
};

function fmspcOf(kind: Kind, quote: Uint8Array): string {
  try {
    const { pckChainPem } = kind === 'tdx' ? parseTdxQuote(quote) : parseSgxQuote(quote);
    return parsePckIdentity(parsePckChain(pckChainPem).certificates[0]).fmspc;
  } catch {
    return 'unreadable';
  }
}

/** Quote, collateral set, then what ours, the JavaScript and the WebAssembly one say. */
type Row = readonly [quote: string, set: string, ours: string, js: string, wasm: string];

/** The module has a version of its own: TDX components count from the third. */
const moduleRule: readonly Row[] = ['a80_0625', 'a80_0725', 'a80_1025'].map((set) => [
  'google-cos113-v4.bin',
  set,
  'UpToDate',
  'OutOfDate',
  'OutOfDate',
]);
/** Below every level: refused, or handed to the caller as `Unknown`. */
const unknownLevel: readonly Row[] = [
  'dstack-ratls-tdx_quote.bin',
  'phala-quote-from-tappd.bin',
  'phala-tdx-quote-hex.bin',
].map((name) => [name, 'phala', 'refused', 'refused', 'Unknown']);

describe.skipIf(!hasSamples)('differences from other verifiers on captured quotes', () => {
  it('are exactly the explained ones', { timeout: 30_000 }, async () => {
    const differences: Row[] = [];
    let compared = 0;
    for (const kind of ['tdx', 'sgx'] as const) {
      for (const set of sets[kind]) {
        const { collateral, nowMs } = collateralSet(set);
        const prepared = prepareIntelCollateral(collateral);
        for (const name of listQuotes(kind)) {
          const quote = readSample(`${kind}/${name}`);
          // All quotes under the first set; of the others those that are for the platform.
          const isFor = collateral.tcbInfo.toLowerCase().includes(fmspcOf(kind, quote));
          if (!isFor && set !== sets[kind][0]) continue;
          compared += 1;
          const given = oracleCollateral(collateral);
          const ours = await ourAnswer(kind, quote, prepared, nowMs);
          const js = told(production(quote, given, nowMs));
          const wasm = told(wasmOracle(quote, given, nowMs));
          if (ours !== js || ours !== wasm) differences.push([name, set, ours, js, wasm]);
        }
      }
    }
    expect(compared).toBeGreaterThan(50);
    const sorted = (rows: readonly Row[]): string[] => rows.map((row) => row.join(' ')).toSorted();
    expect(sorted(differences)).toEqual(sorted([...moduleRule, ...unknownLevel]));
  });

  const { collateral, nowMs } = hasSamples ? collateralSet('phala') : { collateral: undefined!, nowMs: 0 };
  const changes: readonly (readonly [
    what: string,
    () => [Uint8Array, IntelCollateral, number],
    js: string,
    wasm: string,
  ])[] = [
    [
      'nothing changed',
      () => [readSample('tdx/phala-tdx_quote.bin'), collateral, nowMs],
      'UpToDate',
      'UpToDate',
    ],
    [
      'bytes after the quote',
      () => [Uint8Array.of(...readSample('tdx/phala-tdx_quote.bin'), 1), collateral, nowMs],
      'UpToDate',
      'UpToDate',
    ],
    [
      'a forged PCK CRL',
      () => [
        readSample('tdx/phala-tdx_quote.bin'),
        { ...collateral, pckCrlHex: flipLast(collateral.pckCrlHex) },
        nowMs,
      ],
      'UpToDate',
      'refused',
    ],
    [
      'a forged root CRL',
      () => [
        readSample('tdx/phala-tdx_quote.bin'),
        { ...collateral, rootCaCrlHex: flipLast(collateral.rootCaCrlHex) },
        nowMs,
      ],
      'UpToDate',
      'refused',
    ],
    [
      'the CRL of another CA',
      () => [
        readSample('tdx/phala-tdx_quote.bin'),
        { ...collateral, pckCrlHex: collateral.rootCaCrlHex },
        nowMs,
      ],
      'UpToDate',
      'refused',
    ],
    [
      'another CRL issuer chain',
      () => [readSample('tdx/phala-tdx_quote.bin'), { ...collateral, pckCrlIssuerChainPem: '' }, nowMs],
      'UpToDate',
      'UpToDate',
    ],
  ];

  it.each(changes)('%s: ours refuses all but the first', async (what, make, js, wasm) => {
    const [quote, changed, at] = make();
    const given = oracleCollateral(changed);
    expect([
      await ourAnswer('tdx', quote, changed, at),
      told(production(quote, given, at)),
      told(wasmOracle(quote, given, at)),
    ]).toEqual([what === 'nothing changed' ? 'UpToDate' : 'refused', js, wasm]);
  });
});

function flipLast(hex: string): string {
  return hex.slice(0, -1) + (Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16);
}

describe('an independent verifier on simulated quotes', () => {
  const { vendor, policy } = platform;
  const oracle = jsOracle(vendor.certificates.root);
  const { collateral } = makeEvidence();
  const compare = async (
    kind: Kind,
    quote: Uint8Array,
    given: IntelCollateral = collateral,
  ): Promise<[string, string]> => [
    await ourAnswer(kind, quote, given, NOW_MS, policy),
    told(oracle(quote, oracleCollateral(given), NOW_MS)),
  ];
  const td = (fields: Record<string, Uint8Array>): Uint8Array => signSimulatedQuote(vendor, { td: fields });

  it('accepts the sound ones of every form', async () => {
    expect(await compare('tdx', makeEvidence().quote)).toEqual(['UpToDate', 'UpToDate']);
    const newer = signSimulatedQuote(vendor, { version: 5, td: simulatedTd15 });
    expect(await compare('tdx', newer)).toEqual(['UpToDate', 'UpToDate']);
    const older = signSimulatedQuote(vendor, { version: 5 });
    expect(await compare('tdx', older)).toEqual(['UpToDate', 'UpToDate']);
    const sgx = makeSgxEvidence();
    expect(await compare('sgx', sgx.quote, sgx.collateral)).toEqual(['UpToDate', 'UpToDate']);
  });

  it('accepts what ours refuses', async () => {
    const refused: readonly (readonly [string, Uint8Array, IntelCollateral?])[] = [
      ['another module signer', td({ mrSignerSeam: new Uint8Array(48).fill(1) })],
      ['module attributes', td({ seamAttributes: fromHex('0100000000000000') })],
      ['a module that Intel does not list', td({ teeTcbSvn: fromHex(`050702${'00'.repeat(13)}`) })],
      ['reserved XFAM bits', td({ xfam: fromHex('e702060000000080') })],
      [
        'an old QE identity',
        makeEvidence().quote,
        makeEvidence({
          collateral: { editQeIdentity: (identity) => ({ ...identity, tcbEvaluationDataNumber: 16 }) },
        }).collateral,
      ],
    ];
    for (const [what, quote, given] of refused) {
      expect(await compare('tdx', quote, given), what).toEqual(['refused', 'UpToDate']);
    }
    const updated = { ...simulatedTd15, teeTcbSvn2: fromHex(`050101${'00'.repeat(13)}`) };
    const running = signSimulatedQuote(vendor, { version: 5, td: updated });
    expect(await compare('tdx', running), 'the module that runs now is old').toEqual([
      'OutOfDate',
      'UpToDate',
    ]);
    const module = td({ teeTcbSvn: fromHex(`040102${'00'.repeat(13)}`) });
    expect(await compare('tdx', module), 'an old module').toEqual(['OutOfDate', 'OutOfDate']);
    const provisioning = { attributes: fromHex('1500000000000000e700000000000000') };
    const sgx = makeSgxEvidence({ quote: { enclave: provisioning } });
    expect(await compare('sgx', sgx.quote, sgx.collateral)).toEqual(['refused', 'UpToDate']);
  });

  it('refuses what ours accepts: QE auth data that is not 32 bytes', async () => {
    const { quote } = makeEvidence({ quote: { authData: new Uint8Array(33) } });
    expect(await compare('tdx', quote)).toEqual(['UpToDate', 'refused']);
  });
});
