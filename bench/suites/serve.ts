import type { Benchmark, Figure } from '../benchmark.ts';
import { runDcml, withNetwork } from '../network.ts';

interface Path {
  readonly tokens_per_second: number;
  readonly ttft_ms: number;
  readonly tpot_ms: number;
  readonly itl_ms: number;
}

interface Comparison {
  readonly streams: number;
  readonly bare: Path;
  readonly full: Path;
  readonly throughput_ratio: number;
  readonly added_ttft_ms: number;
}

function figuresOf({ streams, bare, full, throughput_ratio, added_ttft_ms }: Comparison): Figure[] {
  const of = (name: keyof Path, unit: string): Figure[] => [
    { name: `bare_${name}_${streams}`, value: bare[name], unit },
    { name: `full_${name}_${streams}`, value: full[name], unit },
  ];
  return [
    ...of('tokens_per_second', 'tok/s'),
    ...of('ttft_ms', 'ms'),
    ...of('tpot_ms', 'ms'),
    ...of('itl_ms', 'ms'),
    {
      name: `throughput_ratio_${streams}`,
      value: throughput_ratio,
      unit: 'full / bare',
      ...(streams === 16 ? { atLeast: 0.97 } : {}),
    },
    {
      name: `added_ttft_${streams}`,
      value: added_ttft_ms,
      unit: 'ms',
      ...(streams === 1 ? { atMost: 3 } : {}),
    },
  ];
}

export const benchmark: Benchmark = {
  name: 'serve',
  method:
    'dcml bench serve on a network of its own processes with SmolLM2-135M: openai-compatible client, proxy, sealed body, relay, enclave, against the engine alone in the client process; both in turn on the same prompts, one engine thread; medians of 3 rounds',
  run: (signal) =>
    withNetwork('smollm2-135m', signal, async ({ home }) => {
      const words = [
        'bench',
        'serve',
        '--home',
        home,
        '--rounds',
        '3',
        '--requests',
        '1',
        '--max-tokens',
        '32',
      ];
      const { comparisons } = await runDcml<{ comparisons: Comparison[] }>(words, signal);
      return comparisons.flatMap(figuresOf);
    }),
};
