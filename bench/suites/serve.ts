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
  /** Median over the rounds of the difference of both medians. */
  readonly added_ttft_ms: number;
}

/** Many short answers one after the other: what the full path adds to the first token, away from the noise of decoding. */
async function firstToken(home: string, signal: AbortSignal): Promise<Figure[]> {
  const words = ['--streams', '1', '--rounds', '7', '--requests', '8', '--max-tokens', '2'];
  const [alone] = await compare(home, words, signal);
  if (alone === undefined) throw new Error('dcml bench serve compared nothing');
  return [
    { name: 'bare_ttft_alone', value: alone.bare.ttft_ms, unit: 'ms' },
    { name: 'full_ttft_alone', value: alone.full.ttft_ms, unit: 'ms' },
    { name: 'added_ttft', value: alone.added_ttft_ms, unit: 'ms', atMost: 3 },
  ];
}

function throughput({ streams, bare, full, throughput_ratio }: Comparison): Figure[] {
  const of = (name: keyof Path, unit: string): Figure[] => [
    { name: `bare_${name}_${streams}`, value: bare[name], unit },
    { name: `full_${name}_${streams}`, value: full[name], unit },
  ];
  const goal = streams === 16 ? { atLeast: 0.97 } : {};
  return [
    ...of('tokens_per_second', 'tok/s'),
    ...of('ttft_ms', 'ms'),
    ...of('tpot_ms', 'ms'),
    ...of('itl_ms', 'ms'),
    { name: `throughput_ratio_${streams}`, value: throughput_ratio, unit: 'full / bare', ...goal },
  ];
}

async function compare(
  home: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<readonly Comparison[]> {
  const all = ['bench', 'serve', '--home', home, ...words];
  return (await runDcml<{ comparisons: Comparison[] }>(all, signal)).comparisons;
}

export const benchmark: Benchmark = {
  name: 'serve',
  method:
    'dcml bench serve on a network of its own processes with SmolLM2-135M: openai-compatible client, proxy, sealed body, relay, enclave, against the engine alone in the client process; both in turn on the same prompts, one engine thread; medians of 5 rounds, of 7 for the first token',
  run: (signal) =>
    withNetwork('smollm2-135m', signal, async ({ home }) => {
      const words = ['--rounds', '5', '--requests', '1', '--max-tokens', '32'];
      const figures = await firstToken(home, signal);
      return [...figures, ...(await compare(home, words, signal)).flatMap(throughput)];
    }),
};
