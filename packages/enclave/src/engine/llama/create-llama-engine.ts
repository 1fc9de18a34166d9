import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type JsonObject, type Random, systemRandom } from '@dcml/core';
import type { Engine, EngineDescription, EngineEstimate, EngineRequest, EngineResponse } from '../engine.ts';
import { EngineError } from '../engine-error.ts';
import { DecodeRound } from './decode-round.ts';
import { embedInputs } from './embed-inputs.ts';
import { type GenerationContext, generateAnswer, promptTokens } from './generate-answer.ts';
import { type LlamaModelParts, loadModel } from './load-model.ts';
import { planRequest, type RequestPlan } from './plan-request.ts';
import { SequencePool } from './sequence-pool.ts';

export interface LlamaEngineOptions {
  /** A GGUF file. `/proc/self/fd/N` works. */
  readonly modelPath: string;
  readonly modelName: string;
  /** Tokens per sequence, prompt and answer together. Default: 2048 or what the model was trained on, if less. */
  readonly contextTokens?: number;
  /** Answers that are generated together. Default 16. */
  readonly maxSequences?: number;
  /** Answers that may wait for a sequence. Default: four times `maxSequences`. */
  readonly maxWaiting?: number;
  /** CPU threads; 0 takes all. Default 1: more threads than idle cores make llama.cpp slower, not faster. */
  readonly threads?: number;
  /** Default `false`. */
  readonly gpu?: 'auto' | false;
  /** Replaces the chat template in the file. */
  readonly chatTemplate?: string;
  readonly random?: Random;
  /** Ends loading, and closes the engine, when it aborts. */
  readonly signal: AbortSignal;
}

const BUILD = 'node-llama-cpp 3.22.1';

/**
 * llama.cpp in this process. Requests decode together, up to `maxSequences` answers at a time; no state of
 * one request is ever used for another. Throws `ENGINE_CONFIGURATION`, or the signal's reason.
 */
export async function createLlamaEngine(options: LlamaEngineOptions): Promise<Engine> {
  const maxSequences = options.maxSequences ?? 16;
  const threads = options.threads ?? 1;
  const parts = await loadModel({
    modelPath: options.modelPath,
    modelName: options.modelName,
    contextTokens: options.contextTokens ?? null,
    maxSequences,
    threads: threads === 0 ? availableParallelism() : threads,
    gpu: options.gpu ?? false,
    chatTemplate: options.chatTemplate ?? null,
    signal: options.signal,
  });
  const engine = new LlamaEngine(
    parts,
    options.maxWaiting ?? 4 * maxSequences,
    options.random ?? systemRandom,
  );
  options.signal.addEventListener('abort', () => void engine.close(), { once: true });
  return engine;
}

class LlamaEngine implements Engine {
  readonly #parts: LlamaModelParts;
  readonly #pool: SequencePool;
  readonly #context: GenerationContext;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** A request is planned by `estimate` and answered by `respond`; it is tokenized once. */
  readonly #plans = new WeakMap<JsonObject, RequestPlan>();
  #closed: Promise<void> | null = null;

  constructor(parts: LlamaModelParts, maxWaiting: number, random: Random) {
    this.#parts = parts;
    this.#pool = new SequencePool(parts.context, maxWaiting);
    const { modelName, contextTokens } = parts;
    const identity = JSON.stringify([BUILD, modelName, contextTokens]);
    this.#context = {
      parts,
      pool: this.#pool,
      fingerprint: `fp_${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`,
      randomSeed: () => new DataView(random.bytes(4).buffer).getUint32(0),
      // On a CPU a long prompt in one batch would stop every other answer for seconds.
      sliceTokens: parts.llama.gpu === false ? 64 : parts.context.batchSize,
      round: new DecodeRound(),
      closing: this.#closing.signal,
      track: (work) => {
        this.#running.add(work);
        void work.finally(() => this.#running.delete(work));
      },
    };
  }

  describe(): EngineDescription {
    const { modelName, contextTokens, template } = this.#parts;
    return {
      name: 'llama.cpp',
      build: BUILD,
      modelName,
      contextTokens,
      endpoints: [
        ...(template === null ? [] : ['/v1/chat/completions' as const]),
        '/v1/completions',
        '/v1/embeddings',
      ],
    };
  }

  async estimate(endpoint: EngineRequest['endpoint'], json: JsonObject): Promise<EngineEstimate> {
    this.#assertAlive();
    const plan = planRequest(this.#parts, endpoint, json);
    this.#plans.set(json, plan);
    if (plan.kind === 'embedding') {
      return {
        promptTokens: promptTokens(plan.inputs),
        requestedCompletionTokens: 0,
        availableCompletionTokens: 0,
      };
    }
    const { prompts, options } = plan;
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    const choices = prompts.length * options.choices;
    return {
      promptTokens: promptTokens(prompts),
      requestedCompletionTokens: options.maxTokens === null ? null : options.maxTokens * choices,
      availableCompletionTokens: (this.#parts.contextTokens - longest) * choices,
    };
  }

  async respond(request: EngineRequest): Promise<EngineResponse> {
    this.#assertAlive();
    request.signal.throwIfAborted();
    const plan = this.#plans.get(request.json) ?? planRequest(this.#parts, request.endpoint, request.json);
    this.#plans.delete(request.json);
    const common = { status: 200, forwardedBody: request.body };
    if (plan.kind === 'embedding') {
      const chunks = embedInputs(this.#parts, plan, request, this.#closing.signal);
      return { ...common, contentType: 'application/json', chunks };
    }
    const chunks = await generateAnswer(this.#context, plan, request);
    return { ...common, contentType: plan.options.stream ? 'text/event-stream' : 'application/json', chunks };
  }

  #assertAlive(): void {
    if (this.#closed !== null) throw new EngineError('ENGINE_DEAD', 'the engine is closed');
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort(new EngineError('ENGINE_DEAD', 'the engine is closed'));
    this.#pool.close();
    await Promise.allSettled(this.#running);
    await this.#parts.llama.dispose();
  }
}
