import type { Comparison } from './compare.ts';
import type { LoadFigures } from './run-load.ts';

const PANELS: readonly (readonly [string, keyof LoadFigures])[] = [
  ['Throughput, tokens/s', 'tokensPerSecond'],
  ['Time to first token, ms', 'ttftMs'],
  ['Time per output token, ms', 'tpotMs'],
  ['Inter-token latency, ms', 'itlMs'],
];
const PANEL_WIDTH = 260;
const PANEL_HEIGHT = 220;
const BAR_AREA = 130;
const COLOURS = { bare: '#8a94a6', full: '#2563eb' } as const;

function bar(x: number, value: number, most: number, colour: string): string {
  const height = most > 0 ? (value / most) * BAR_AREA : 0;
  const top = 40 + BAR_AREA - height;
  const label = value >= 100 ? value.toFixed(0) : value.toFixed(1);
  return (
    `<rect x="${x}" y="${top.toFixed(1)}" width="26" height="${height.toFixed(1)}" fill="${colour}"/>` +
    `<text x="${x + 13}" y="${(top - 4).toFixed(1)}" class="value">${label}</text>`
  );
}

function panel(
  title: string,
  name: keyof LoadFigures,
  comparisons: readonly Comparison[],
  index: number,
): string {
  const most = Math.max(...comparisons.flatMap(({ bare, full }) => [bare[name], full[name]]));
  const groups = comparisons.map(({ streams, bare, full }, i) => {
    const x = 14 + i * 80;
    return (
      bar(x, bare[name], most, COLOURS.bare) +
      bar(x + 30, full[name], most, COLOURS.full) +
      `<text x="${x + 28}" y="${40 + BAR_AREA + 16}" class="axis">${streams}</text>`
    );
  });
  return `<g transform="translate(${index * PANEL_WIDTH} 0)"><text x="14" y="18" class="title">${title}</text>${groups.join('')}</g>`;
}

/** An SVG with the four panels of the paper's figure: both paths at each number of streams. */
export function plotComparisons(comparisons: readonly Comparison[]): string {
  const width = PANELS.length * PANEL_WIDTH;
  const legend =
    `<rect x="14" y="${PANEL_HEIGHT - 18}" width="10" height="10" fill="${COLOURS.bare}"/><text x="30" y="${PANEL_HEIGHT - 9}" class="legend">bare engine</text>` +
    `<rect x="120" y="${PANEL_HEIGHT - 18}" width="10" height="10" fill="${COLOURS.full}"/><text x="136" y="${PANEL_HEIGHT - 9}" class="legend">full path (number of streams below the bars)</text>`;
  const style =
    'text{font:12px sans-serif;fill:#111}.title{font-weight:600}.value{font-size:9px;text-anchor:middle}.axis{text-anchor:middle}.legend{font-size:11px}';
  const panels = PANELS.map(([title, name], i) => panel(title, name, comparisons, i)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${PANEL_HEIGHT}" viewBox="0 0 ${width} ${PANEL_HEIGHT}"><style>${style}</style><rect width="100%" height="100%" fill="#fff"/>${panels}${legend}</svg>\n`;
}
