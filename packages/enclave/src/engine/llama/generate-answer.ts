import { type LlamaGrammar, LlamaGrammarEvaluationState, type Token, TokenBias } from 'node-llama-cpp';
import type { EngineRequest } from '../engine.ts';
import { EngineError, fieldError } from '../engine-error.ts';
import { AnswerStream } from '../wire/answer-stream.ts';
import type { AnswerHead } from '../wire/answer-wire.ts';
import { createChatWire } from '../wire/chat-wire.ts';
import { createTextWire } from '../wire/text-wire.ts';
import { ChoiceWriter } from './choice-writer.ts';
import type { DecodeRound } from './decode-round.ts';
import { type DrawOptions, drawTokens } from './draw-tokens.ts';
import type { LlamaModelParts } from './load-model.ts';
import type { GenerationPlan } from './plan-request.ts';
import type { SequencePool } from './sequence-pool.ts';
import { ToolCallReader } from './tool-call-reader.ts';

export interface GenerationContext {
  readonly parts: LlamaModelParts;
  readonly pool: SequencePool;
  readonly fingerprint: string;
  /** A seed for requests that name none. */
  readonly randomSeed: () => number;
  readonly sliceTokens: number;
  readonly round: DecodeRound;
  /** Aborts when the engine closes. */
  readonly closing: AbortSignal;
  /** Work that `close` waits for. */
  readonly track: (work: Promise<void>) => void;
}

/** Starts all choices of a request. Throws `ENGINE_BUSY`, or `ENGINE_UNSUPPORTED` for a grammar that does not compile. */
export async function generateAnswer(
  context: GenerationContext,
  plan: GenerationPlan,
  request: EngineRequest,
): Promise<AnswerStream> {
  const { parts, pool } = context;
  const { options, prompts } = plan;
  const choices = prompts.length * options.choices;
  if (choices > pool.capacity) {
    throw fieldError(
      'ENGINE_REQUEST',
      'n',
      `${choices} answers, at most ${pool.capacity} are made at a time`,
    );
  }
  const share = Math.floor(request.maxCompletionTokens / choices);
  if (share < 1) {
    throw fieldError(
      'ENGINE_REQUEST',
      'n',
      `${request.maxCompletionTokens} tokens do not reach for ${choices} answers`,
    );
  }
  const grammar = plan.grammar === null ? null : await compileGrammar(parts, plan.grammar);
  pool.assertRoom(choices);
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, context.closing, stop.signal]);
  const stream = new AnswerStream({
    wire:
      plan.kind === 'chat'
        ? createChatWire(answerHead(context, plan, request))
        : createTextWire(answerHead(context, plan, request)),
    promptTokens: promptTokens(prompts),
    choices,
    buffered: !options.stream,
    onReturn: () => stop.abort(),
  });
  const fail = (): void => stream.fail(signal.reason);
  if (signal.aborted) fail();
  else signal.addEventListener('abort', fail, { once: true });
  const isGreedy = options.sampling.temperature === 0;
  const seed = toSeed(options.sampling.seed ?? (isGreedy ? 0 : context.randomSeed()));
  const runs = Array.from({ length: choices }, (_, index) =>
    runChoice(context, plan, request.tenant, stream, {
      index,
      prompt: prompts[Math.floor(index / options.choices)]!,
      share,
      seed: toSeed(seed + Math.imul(index, 0x9e3779b1)),
      grammar,
      signal,
      responseId: request.responseId,
    }).catch((error: unknown) => {
      stream.fail(toEngineError(error, signal));
      // The other choices of the answer are of no use without this one.
      stop.abort();
    }),
  );
  context.track(Promise.all(runs).then(() => signal.removeEventListener('abort', fail)));
  return stream;
}

interface ChoiceJob {
  readonly index: number;
  readonly prompt: readonly Token[];
  readonly share: number;
  readonly seed: number;
  readonly grammar: LlamaGrammar | null;
  readonly signal: AbortSignal;
  readonly responseId: string;
}

async function runChoice(
  context: GenerationContext,
  plan: GenerationPlan,
  tenant: string,
  stream: AnswerStream,
  job: ChoiceJob,
): Promise<void> {
  const { parts, pool, round } = context;
  const { options } = plan;
  const lease = await pool.acquire(tenant, job.signal);
  round.enter();
  try {
    const writer = new ChoiceWriter({
      index: job.index,
      vocabulary: parts.vocabulary,
      stops: options.stops,
      limit: Math.min(options.maxTokens ?? job.share, job.share, parts.contextTokens - job.prompt.length),
      reader: toolReader(plan, job),
    });
    for await (const draw of drawTokens(lease.sequence, job.prompt, drawOptions(context, plan, job))) {
      const update = writer.write(draw);
      if (update === null) continue;
      stream.push(update);
      if (update.finish !== null) break;
      const room = stream.room();
      if (room === null) continue;
      round.leave();
      await room;
      round.enter();
    }
  } finally {
    round.leave();
    await lease.release();
  }
}

function drawOptions(context: GenerationContext, plan: GenerationPlan, job: ChoiceJob): DrawOptions {
  const { model } = context.parts;
  const { sampling } = plan.options;
  const bias = sampling.logitBias.size === 0 ? null : new TokenBias(model.tokenizer);
  for (const [token, logit] of sampling.logitBias) bias?.set(token as Token, { logit });
  return {
    sampling,
    seed: job.seed,
    bias,
    grammar: job.grammar === null ? null : new LlamaGrammarEvaluationState({ model, grammar: job.grammar }),
    topLogprobs: plan.topLogprobs,
    sliceTokens: context.sliceTokens,
    round: context.round,
    signal: job.signal,
  };
}

function toolReader(plan: GenerationPlan, job: ChoiceJob): ToolCallReader | null {
  const { tools } = plan;
  if (tools === null) return null;
  return new ToolCallReader({
    format: tools.format,
    names: new Set(tools.tools.map((tool) => tool.name)),
    parallel: tools.parallel && tools.mode !== 'required',
    inCall: tools.mode === 'required',
    makeId: (call) => `call_${job.responseId.replace(/[^A-Za-z0-9]/g, '')}_${job.index}_${call}`,
  });
}

async function compileGrammar(parts: LlamaModelParts, grammar: string): Promise<LlamaGrammar> {
  try {
    return await parts.llama.createGrammar({ grammar });
  } catch (cause) {
    throw new EngineError('ENGINE_UNSUPPORTED', 'the JSON schema makes a grammar that is too complex', {
      details: { param: 'response_format' },
      cause,
    });
  }
}

function answerHead(context: GenerationContext, plan: GenerationPlan, request: EngineRequest): AnswerHead {
  return {
    id: request.responseId,
    created: request.createdSeconds,
    model: context.parts.modelName,
    fingerprint: context.fingerprint,
    logprobs: plan.topLogprobs !== null,
    includeUsage: plan.options.includeUsage,
  };
}

/** Prompt tokens are counted once per prompt, however many answers it gets. */
export function promptTokens(prompts: readonly (readonly Token[])[]): number {
  let sum = 0;
  for (const prompt of prompts) sum += prompt.length;
  return sum;
}

/** An unsigned 32-bit seed other than 2^32-1, which llama.cpp takes as "any". */
function toSeed(seed: number): number {
  const range = 0xffffffff;
  return ((seed % range) + range) % range;
}

function toEngineError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof EngineError) return error;
  return new EngineError('ENGINE_FAILED', 'the model could not be evaluated', { cause: error });
}
