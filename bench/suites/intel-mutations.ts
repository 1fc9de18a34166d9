import { prepareIntelCollateral, type SgxEvidence, type TdxEvidence, verifyEvidence } from '@dcml/attest';
import { signSimulatedQuote } from '@dcml/testing';
import { makeSgxEvidence, sgxPolicy } from '../../packages/attest/test/sgx/simulated-sgx.ts';
import { NOW_MS, platform, reportData } from '../../packages/attest/test/simulated-evidence.ts';
import { makeTdx15Evidence } from '../../packages/attest/test/tdx/simulated-tdx.ts';
import type { Benchmark } from '../benchmark.ts';

const COUNT = Number(process.env['DCML_MUTATIONS'] ?? 20_000);
const SEED = Number(process.env['DCML_SEED'] ?? 1);
const BATCH = 64;

type Form = TdxEvidence | SgxEvidence;

/** Mulberry32: a seed says which mutations a run made. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A quote that differs from `quote` in what is signed or read: never by zero bytes after its end alone. */
function mutate(quote: Uint8Array, other: Uint8Array, draw: (below: number) => number): Uint8Array {
  const changed = Uint8Array.from(quote);
  const at = draw(quote.length);
  switch (draw(5)) {
    case 0:
      changed[at] = changed[at]! ^ (1 << draw(8));
      return changed;
    case 1:
      changed[at] = (changed[at]! + 1 + draw(255)) & 0xff;
      return changed;
    case 2:
      return changed.subarray(0, at);
    case 3: {
      const length = 1 + draw(64);
      changed.set(other.subarray(at, Math.min(at + length, quote.length)), at);
      changed[at] = quote[at]! ^ 0x80;
      return changed;
    }
    default: {
      const removed = changed.subarray(at + 1 + draw(8));
      return Uint8Array.of(...changed.subarray(0, at), ...removed);
    }
  }
}

export const benchmark: Benchmark = {
  name: 'intel-mutations',
  method: `${COUNT} seeded mutations (seed ${SEED}; DCML_MUTATIONS, DCML_SEED) of sound simulated quotes, TDX versions 4 and 5 and SGX version 3: flipped and replaced bytes, cuts, removed bytes, stretches of another quote; each verified in full`,
  async run(signal) {
    const forms: Form[] = [
      { ...makeTdx15Evidence(), quote: signSimulatedQuote(platform.vendor, { td: { reportData } }) },
      makeTdx15Evidence(),
      makeSgxEvidence(),
    ];
    const prepared = forms.map((form) => ({ ...form, collateral: prepareIntelCollateral(form.collateral) }));
    const options = { policy: sgxPolicy(), expectedReportData: reportData, nowMs: NOW_MS };
    for (const form of prepared) {
      if ((await verifyEvidence(form, options)).outcome !== 'pass') throw new Error('unsound evidence');
    }
    const draw = generator(SEED);
    let [tried, accepted, crashed] = [0, 0, 0];
    const start = performance.now();
    while (tried < COUNT && !signal.aborted) {
      const batch = Array.from({ length: Math.min(BATCH, COUNT - tried) }, () => {
        const form = prepared[draw(prepared.length)]!;
        const other = prepared[draw(prepared.length)]!;
        return { ...form, quote: mutate(form.quote, other.quote, draw) };
      });
      tried += batch.length;
      for (const result of await Promise.allSettled(batch.map((form) => verifyEvidence(form, options)))) {
        if (result.status === 'rejected') crashed += 1;
        else if (result.value.outcome !== 'fail') accepted += 1;
      }
    }
    const each = (performance.now() - start) / Math.max(tried, 1);
    return [
      { name: 'mutations_tried', value: tried, unit: 'quotes', atLeast: 1 },
      { name: 'wrongly_accepted', value: accepted, unit: 'quotes', atMost: 0 },
      { name: 'crashed', value: crashed, unit: 'quotes', atMost: 0 },
      { name: 'time_per_mutation', value: each, unit: 'ms' },
    ];
  },
};
