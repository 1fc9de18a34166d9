import {
  defaultPolicy,
  type Evidence,
  type EvidencePolicy,
  parseTdxQuote,
  prepareIntelCollateral,
  verifyEvidence,
} from '@dcml/attest';
import { jsOracle, oracleCollateral, wasmOracle } from '../../packages/attest/test/intel/qvl-oracles.ts';
import { collateralSet, hasSamples, readSample } from '../../packages/attest/test/real-samples.ts';
import type { Benchmark, Figure } from '../benchmark.ts';
import { cpuMicrosOf } from '../median.ts';

const ROUNDS = 7;
const policy: EvidencePolicy = { ...defaultPolicy, composeHashes: null };

/** Median of the milliseconds that one call takes by the clock. */
async function wallMillisOf(calls: number, work: () => unknown): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    await work();
    samples.push(performance.now() - start);
  }
  return samples.toSorted((a, b) => a - b)[calls >> 1] ?? Number.NaN;
}

function expectPass(outcome: string | undefined, expected: string): void {
  if (outcome !== expected) throw new Error(`expected ${expected}, got ${outcome}`);
}

export const benchmark: Benchmark = {
  name: 'intel-quote',
  method: `full verification of one captured TDX quote version 4, all claims, in one process: with collateral prepared once, with collateral as text, and by the JavaScript and WebAssembly verifiers of the same quote; CPU time: median of ${ROUNDS} rounds of 50 calls; clock: median of 200 calls. Needs the captured evidence (DCML_EVIDENCE)`,
  async run() {
    if (!hasSamples) throw new Error('no captured evidence: set DCML_EVIDENCE');
    const quote = readSample('tdx/phala-tdx_quote.bin');
    const { collateral, nowMs } = collateralSet('phala');
    const options = { policy, nowMs, expectedReportData: parseTdxQuote(quote).body.reportData };
    const asText: Evidence = { kind: 'tdx', quote, collateral };
    const prepared: Evidence = { kind: 'tdx', quote, collateral: prepareIntelCollateral(collateral) };
    const verify = async (evidence: Evidence): Promise<void> => {
      expectPass((await verifyEvidence(evidence, options)).outcome, 'pass');
    };
    const theirs = oracleCollateral(collateral);
    const js = jsOracle();
    const contenders: readonly (readonly [string, () => unknown])[] = [
      ['prepared', () => verify(prepared)],
      ['text', () => verify(asText)],
      ['dcap_qvl_js', () => expectPass(js(quote, theirs, nowMs).status, 'UpToDate')],
      ['dcap_qvl_wasm', () => expectPass(wasmOracle(quote, theirs, nowMs).status, 'UpToDate')],
    ];
    const figures: Figure[] = [];
    const wall = new Map<string, number>();
    for (const [name, work] of contenders) {
      figures.push({ name: `${name}_cpu`, value: (await cpuMicrosOf(50, ROUNDS, work)) / 1000, unit: 'ms' });
      const clock = await wallMillisOf(200, work);
      wall.set(name, clock);
      figures.push({ name: `${name}_clock`, value: clock, unit: 'ms' });
    }
    const ratio = (other: string): number =>
      (wall.get(other) ?? Number.NaN) / (wall.get('prepared') ?? Number.NaN);
    figures.push(
      { name: 'times_faster_than_js', value: ratio('dcap_qvl_js'), unit: 'x', atLeast: 5 },
      { name: 'times_faster_than_wasm', value: ratio('dcap_qvl_wasm'), unit: 'x', atLeast: 1 },
    );
    return figures;
  },
};
