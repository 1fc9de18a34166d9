import type { JsonObject } from '@dcml/core';
import type { Comparison } from './compare.ts';
import type { LoadFigures } from './run-load.ts';

const COLUMNS: readonly (readonly [string, (figures: LoadFigures) => string])[] = [
  ['tok/s', (figures) => figures.tokensPerSecond.toFixed(1)],
  ['req/s', (figures) => figures.requestsPerSecond.toFixed(2)],
  ['TTFT ms', (figures) => figures.ttftMs.toFixed(1)],
  ['TPOT ms', (figures) => figures.tpotMs.toFixed(2)],
  ['ITL ms', (figures) => figures.itlMs.toFixed(2)],
];

/** A table for people: the figures of DCML section 10. */
export function formatComparisons(comparisons: readonly Comparison[]): string {
  const head = ['streams', 'path', ...COLUMNS.map(([name]) => name), 'throughput', 'TTFT added'];
  const rows = comparisons.flatMap((comparison) => {
    const cells = (figures: LoadFigures): string[] => COLUMNS.map(([, format]) => format(figures));
    return [
      [String(comparison.streams), 'bare engine', ...cells(comparison.bare), '', ''],
      [
        '',
        'full path',
        ...cells(comparison.full),
        `${(100 * comparison.throughputRatio).toFixed(1)} %`,
        `${comparison.addedTtftMs.toFixed(1)} ms`,
      ],
    ];
  });
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ');
  return [head, ...rows].map(line).join('\n');
}

const toJson = (figures: LoadFigures): JsonObject => ({
  requests: figures.requests,
  completion_tokens: figures.completionTokens,
  tokens_per_second: figures.tokensPerSecond,
  requests_per_second: figures.requestsPerSecond,
  ttft_ms: figures.ttftMs,
  tpot_ms: figures.tpotMs,
  itl_ms: figures.itlMs,
});

export function encodeComparisons(comparisons: readonly Comparison[]): JsonObject {
  return {
    comparisons: comparisons.map(({ streams, bare, full, throughputRatio, addedTtftMs }) => ({
      streams,
      bare: toJson(bare),
      full: toJson(full),
      throughput_ratio: throughputRatio,
      added_ttft_ms: addedTtftMs,
    })),
  };
}
