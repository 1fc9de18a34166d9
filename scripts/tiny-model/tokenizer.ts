import { byteLetters, fromByteLetters, toByteLetters } from './byte-alphabet.ts';

/** Special tokens have the first ids, in this order. */
export const specialTokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;
export const endOfTextId = 0;
export const messageStartId = 1;
export const messageEndId = 2;

// How llama.cpp cuts text for tokenizer.ggml.pre = "gpt-2" before it merges.
const PIECES = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Text cut into pieces that no merge crosses, in byte letters. */
export function cutPieces(text: string): string[] {
  return (text.match(PIECES) ?? []).map(toByteLetters);
}

/** Pairs in order of rank. */
export type Merge = readonly [left: string, right: string];

export interface Tokenizer {
  /** Token texts by id: special tokens, the 256 byte letters, then one per merge. */
  readonly tokens: readonly string[];
  readonly merges: readonly Merge[];
  /** Ids of plain text; the text of special tokens is not recognised here. */
  encode(text: string): number[];
  /** Text of ids; special tokens are left out and malformed UTF-8 becomes U+FFFD. */
  decode(ids: readonly number[]): string;
}

function mergeOnce(parts: string[], ranks: ReadonlyMap<string, number>): boolean {
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 1 < parts.length; i++) {
    const rank = ranks.get(`${parts[i]} ${parts[i + 1]}`);
    if (rank !== undefined && rank < bestRank) {
      best = i;
      bestRank = rank;
    }
  }
  if (best < 0) return false;
  parts.splice(best, 2, parts[best]! + parts[best + 1]!);
  return true;
}

export function createTokenizer(merges: readonly Merge[]): Tokenizer {
  const tokens = [...specialTokens, ...byteLetters(), ...merges.map(([left, right]) => left + right)];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const encodePiece = (piece: string): number[] => {
    // One UTF-16 unit per byte letter.
    const parts = piece.split('');
    while (mergeOnce(parts, ranks));
    return parts.map((part) => ids.get(part)!);
  };
  return {
    tokens,
    merges,
    encode: (text) => cutPieces(text).flatMap(encodePiece),
    decode: (list) => {
      const letters = list.filter((id) => id >= specialTokens.length).map((id) => tokens[id]!);
      return new TextDecoder().decode(fromByteLetters(letters.join('')));
    },
  };
}
