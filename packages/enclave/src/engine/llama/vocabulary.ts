import type { LlamaModel, Token } from 'node-llama-cpp';
import { EngineError } from '../engine-error.ts';
import { gpt2Bytes, sentencePieceBytes } from './token-bytes.ts';

export interface TokenPiece {
  readonly bytes: Uint8Array;
  /** The bytes as text, null when they are not whole characters. */
  readonly text: string | null;
}

// Token types of GGUF (`tokenizer.ggml.token_type`).
const TYPE_CONTROL = 3;
const TYPE_USER_DEFINED = 4;
const TYPE_BYTE = 6;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * What each token stands for, exactly to the byte: a token may hold part of a character, so text can
 * only be formed from bytes. Built from the vocabulary in the GGUF file.
 */
export class Vocabulary {
  readonly size: number;
  /** Text of each control token (`<|im_start|>`) to its id; these may come from the template only. */
  readonly controlTokens: ReadonlyMap<string, Token>;
  /** Texts of the tokens that end an answer. */
  readonly endTokens: readonly string[];
  readonly #controlIds = new Set<Token>();
  readonly #endIds = new Set<Token>();
  readonly #model: LlamaModel;
  readonly #texts: readonly string[];
  readonly #types: ArrayLike<number>;
  readonly #decode: (text: string) => Uint8Array;
  readonly #pieces: (TokenPiece | undefined)[] = [];
  readonly #controlPieces: (TokenPiece | undefined)[] = [];

  /** Throws `ENGINE_CONFIGURATION` for tokenizers other than byte-level BPE and SentencePiece. */
  constructor(model: LlamaModel) {
    const { ggml } = model.fileInfo.metadata.tokenizer;
    const kind = model.vocabularyType;
    if (kind !== 'bpe' && kind !== 'spm') {
      throw new EngineError('ENGINE_CONFIGURATION', `tokenizer kind ${kind} is not supported`);
    }
    this.#model = model;
    this.#texts = ggml.tokens;
    this.#types = ggml.token_type ?? [];
    this.#decode = kind === 'bpe' ? gpt2Bytes : sentencePieceBytes;
    this.size = ggml.tokens.length;
    this.controlTokens = this.#collectControlTokens();
    for (let id = 0; id < this.size; id++) if (model.isEogToken(id as Token)) this.#endIds.add(id as Token);
    this.endTokens = [...this.#endIds].map((token) => this.#texts[token]!);
  }

  #collectControlTokens(): ReadonlyMap<string, Token> {
    const found = new Map<string, Token>();
    for (let id = 0; id < this.size; id++) {
      const token = id as Token;
      const text = this.#texts[id]!;
      // The engine knows some control tokens by name that old files list as normal.
      const isControl = this.#types[id] === TYPE_CONTROL || this.#model.getTokenAttributes(token).control;
      if (!isControl) continue;
      this.#controlIds.add(token);
      if (text.trim() !== '') found.set(text, token);
    }
    return found;
  }

  /** User-defined tokens that look like markup, for example `<tool_call>`. */
  markupTokens(): ReadonlyMap<string, Token> {
    const found = new Map<string, Token>();
    for (let id = 0; id < this.size; id++) {
      const text = this.#texts[id]!;
      if (this.#types[id] === TYPE_USER_DEFINED && /^(?:<.+>|\[.+\])$/s.test(text))
        found.set(text, id as Token);
    }
    return found;
  }

  isControl(token: Token): boolean {
    return this.#controlIds.has(token);
  }

  isEnd(token: Token): boolean {
    return this.#endIds.has(token);
  }

  /** What a token adds to an answer. Control tokens add nothing, unless `withControl`. */
  piece(token: Token, withControl = false): TokenPiece {
    const cache = withControl ? this.#controlPieces : this.#pieces;
    const known = cache[token];
    if (known !== undefined) return known;
    const piece = this.#build(token, withControl);
    cache[token] = piece;
    return piece;
  }

  #build(token: Token, withControl: boolean): TokenPiece {
    const raw = this.#texts[token] ?? '';
    const type = this.#types[token];
    const literal = type === TYPE_USER_DEFINED || this.isControl(token);
    if (literal && type !== TYPE_USER_DEFINED && !withControl) return { bytes: new Uint8Array(0), text: '' };
    const bytes = literal && type !== TYPE_BYTE ? new TextEncoder().encode(raw) : this.#decode(raw);
    try {
      return { bytes, text: strictUtf8.decode(bytes) };
    } catch {
      return { bytes, text: null };
    }
  }
}
