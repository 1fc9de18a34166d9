import { cutPieces, type Merge } from './tokenizer.ts';

interface Word {
  parts: string[];
  readonly count: number;
}

function countPairs(words: readonly Word[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let i = 0; i + 1 < parts.length; i++) {
      const pair = `${parts[i]} ${parts[i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  return counts;
}

/** The most frequent pair that occurs twice or more; the smaller text wins a tie, so order of input is no matter. */
function mostFrequent(counts: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  let bestCount = 1;
  for (const [pair, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== undefined && pair < best)) {
      best = pair;
      bestCount = count;
    }
  }
  return best;
}

function applyMerge(parts: readonly string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) {
      merged.push(left + right);
      i++;
    } else merged.push(parts[i]!);
  }
  return merged;
}

/** Byte pair encoding (Sennrich et al. 2016): up to `mergeCount` merges, learnt from the texts. */
export function trainBpe(texts: readonly string[], mergeCount: number): Merge[] {
  const pieceCounts = new Map<string, number>();
  for (const text of texts) {
    for (const piece of cutPieces(text)) pieceCounts.set(piece, (pieceCounts.get(piece) ?? 0) + 1);
  }
  const words: Word[] = [...pieceCounts].map(([piece, count]) => ({ parts: piece.split(''), count }));
  const merges: Merge[] = [];
  while (merges.length < mergeCount) {
    const pair = mostFrequent(countPairs(words));
    if (pair === undefined) break;
    const [left, right] = pair.split(' ') as [string, string];
    merges.push([left, right]);
    for (const word of words) word.parts = applyMerge(word.parts, left, right);
  }
  return merges;
}
