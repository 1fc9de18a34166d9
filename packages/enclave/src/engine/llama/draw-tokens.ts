import type {
  LlamaContextSequence,
  LlamaGrammarEvaluationState,
  SequenceEvaluateOptions,
  Token,
  TokenBias,
} from 'node-llama-cpp';
import type { SamplingOptions } from '../request/generation-options.ts';
import type { DecodeRound } from './decode-round.ts';

export interface TokenLogprob {
  readonly token: Token;
  readonly logprob: number;
}

/** One token drawn by the model, with its log probability when asked for. */
export interface Draw {
  readonly token: Token;
  readonly logprob?: number;
  /** Likeliest tokens first. */
  readonly top?: readonly TokenLogprob[];
}

export interface DrawOptions {
  readonly sampling: SamplingOptions;
  /** An unsigned 32-bit number other than 2^32-1, which llama.cpp takes as "any". */
  readonly seed: number;
  readonly bias: TokenBias | null;
  readonly grammar: LlamaGrammarEvaluationState | null;
  /** Alternatives wanted per token; null for no log probabilities. */
  readonly topLogprobs: number | null;
  /** Prompt tokens evaluated in one batch; between two slices others get their turn. */
  readonly sliceTokens: number;
  readonly round: DecodeRound;
  readonly signal: AbortSignal;
}

/**
 * Evaluates the prompt and yields token after token, the end token included, until the consumer stops.
 * The caller must be a member of `round`. Rejects with the signal's reason when aborted. Same options and prompt give the same tokens.
 */
export async function* drawTokens(
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
  options: DrawOptions,
): AsyncGenerator<Draw, void, void> {
  const { signal, sliceTokens, round } = options;
  let done = 0;
  while (prompt.length - done > sliceTokens) {
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(done, done + sliceTokens));
    done += sliceTokens;
    await round.arrive();
    signal.throwIfAborted();
  }
  const rest = prompt.slice(done);
  if (options.topLogprobs !== null) {
    yield* drawWithLogprobs(sequence, rest, options, options.topLogprobs);
    return;
  }
  const drawn: Token[] = [];
  const evaluated = sequence.evaluateWithMetadata(
    rest,
    {},
    {
      ...samplerOptions(options, drawn),
      ...(options.grammar === null ? {} : { grammarEvaluationState: options.grammar }),
      yieldEogToken: true,
    },
  );
  const penalized = hasPenalty(options.sampling);
  for await (const { token } of evaluated) {
    signal.throwIfAborted();
    if (penalized) drawn.push(token);
    yield { token };
    await round.arrive();
    signal.throwIfAborted();
  }
}

/**
 * Log probabilities of the distribution that the token is drawn from: at temperature 0 the model's own,
 * else after temperature and top_p. The sampler starts anew at each token, so each gets its own seed.
 */
async function* drawWithLogprobs(
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
  options: DrawOptions,
  topCount: number,
): AsyncGenerator<Draw, void, void> {
  const drawn: Token[] = [];
  let input: readonly Token[] = prompt;
  for (;;) {
    const seed = (options.seed + Math.imul(drawn.length, 0x9e3779b1)) >>> 0;
    const generateNext = {
      token: true,
      logits: { filter: { tokens: [], includeSelected: true, includeTop: Math.max(topCount, 1) } },
      totalLogitWeight: true,
      options: { ...samplerOptions(options, drawn), seed: seed === 0xffffffff ? 0 : seed },
    };
    const last = input.length - 1;
    const output = await sequence.controlledEvaluate([
      ...input.slice(0, last),
      [input[last]!, { generateNext }],
    ]);
    options.signal.throwIfAborted();
    const next = output[last]?.next;
    const token = next?.token;
    if (token === undefined || token === null || next?.logits === undefined) {
      throw new Error('the sampler gave no token');
    }
    const sorted = [...next.logits].sort((a, b) => b[1] - a[1]);
    const normalizer = sorted[0]![1] + Math.log(next.totalLogitWeight!);
    const logprobs = sorted.map(([id, logit]) => ({ token: id, logprob: logit - normalizer }));
    yield {
      token,
      logprob: logprobs.find((entry) => entry.token === token)!.logprob,
      top: logprobs.slice(0, topCount),
    };
    drawn.push(token);
    input = [token];
    await options.round.arrive();
    options.signal.throwIfAborted();
  }
}

function hasPenalty(sampling: SamplingOptions): boolean {
  return sampling.frequencyPenalty !== 0 || sampling.presencePenalty !== 0;
}

function samplerOptions(options: DrawOptions, drawn: readonly Token[]): SequenceEvaluateOptions {
  const { sampling } = options;
  return {
    temperature: sampling.temperature,
    topP: sampling.topP,
    // Null, which the types do not know, leaves the top-k sampler out; 0 would sort the whole vocabulary.
    topK: null as unknown as number,
    minP: 0,
    seed: options.seed,
    ...(options.bias === null ? {} : { tokenBias: options.bias }),
    ...(hasPenalty(sampling)
      ? {
          repeatPenalty: {
            punishTokens: () => drawn as Token[],
            maxPunishTokens: MAX_PENALIZED_TOKENS,
            penalty: 1,
            frequencyPenalty: sampling.frequencyPenalty,
            presencePenalty: sampling.presencePenalty,
          },
        }
      : {}),
  };
}

/** Length of the answer's end that penalties look at. */
const MAX_PENALIZED_TOKENS = 4096;
