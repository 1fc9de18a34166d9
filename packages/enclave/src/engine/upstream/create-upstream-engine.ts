import { createHash } from 'node:crypto';
import type { JsonObject } from '@dcml/core';
import type {
  Engine,
  EngineDescription,
  EngineEndpoint,
  EngineEstimate,
  EngineRequest,
  EngineResponse,
} from '../engine.ts';
import { EngineError } from '../engine-error.ts';
import { forwardedBody } from './forwarded-body.ts';
import { parseLoopbackUrl } from './loopback-url.ts';
import { passStream, passWhole } from './pass-answer.ts';
import { estimateUpstream, planUpstream, type UpstreamPlan } from './plan-upstream.ts';
import { openUpstream, readUpstreamBody, type UpstreamConnection } from './upstream-connection.ts';
import { upstreamRefusal } from './upstream-refusal.ts';
import { UsageMeter } from './usage-meter.ts';

export interface UpstreamEngineOptions {
  /** `http://127.0.0.1:8000`, with or without `/v1`. Other than loopback addresses in numbers are refused. */
  readonly baseUrl: string;
  /** The id under which `/v1/models` lists the model. */
  readonly modelName: string;
  /** The name under which the upstream engine knows it. Default: `modelName`. */
  readonly upstreamModel?: string;
  /** Tokens that prompt and answer may have together. */
  readonly contextTokens: number;
  readonly apiKey?: string;
  /** Endpoints that the upstream engine serves for this model. Default: chat and text completions. */
  readonly endpoints?: readonly EngineEndpoint[];
  /** Ask for usage in every chunk; vLLM can. Default false: it is then counted until the end says. */
  readonly continuousUsage?: boolean;
  /**
   * A secret with which each tenant gets its own prefix cache; vLLM can. Without it, start the upstream
   * engine without prefix caching, or tenants learn from response times what others have asked.
   */
  readonly cacheSaltSecret?: string;
  /** Requests at a time. Default 256. */
  readonly maxConcurrent?: number;
  /** Longest silence of the upstream engine. Default: five minutes. */
  readonly idleTimeoutMs?: number;
  /** Ends the start, and closes the engine, when it aborts. */
  readonly signal: AbortSignal;
}

const MAX_REFUSAL_BYTES = 64 << 10;
const MAX_LIST_BYTES = 1 << 20;

/**
 * An OpenAI-compatible server (vLLM, SGLang, llama-server) inside the same confidential VM. Bytes go both
 * ways as they are (forwarded-body.ts and pass-answer.ts name the exceptions).
 * Throws `ENGINE_CONFIGURATION`, `ENGINE_DEAD` when the server does not answer, or the signal's reason.
 */
export async function createUpstreamEngine(options: UpstreamEngineOptions): Promise<Engine> {
  const connection: UpstreamConnection = {
    address: parseLoopbackUrl(options.baseUrl),
    apiKey: options.apiKey ?? null,
    idleTimeoutMs: options.idleTimeoutMs ?? 300_000,
  };
  await assertServes(connection, options.upstreamModel ?? options.modelName, options.signal);
  const engine = new UpstreamEngine(connection, options);
  options.signal.addEventListener('abort', () => void engine.close(), { once: true });
  return engine;
}

async function assertServes(
  connection: UpstreamConnection,
  model: string,
  signal: AbortSignal,
): Promise<void> {
  const response = await openUpstream(connection, 'GET', '/v1/models', null, signal);
  const body = await readUpstreamBody(response, MAX_LIST_BYTES, signal);
  if (response.statusCode !== 200) {
    throw new EngineError(
      'ENGINE_DEAD',
      `the upstream engine lists its models with status ${response.statusCode}`,
    );
  }
  let names: readonly unknown[];
  try {
    const list = JSON.parse(body.toString('utf8')) as { readonly data: readonly { readonly id: unknown }[] };
    names = list.data.map(({ id }) => id);
  } catch (cause) {
    throw new EngineError('ENGINE_FAILED', 'the upstream list of models is malformed', { cause });
  }
  if (!names.includes(model)) {
    throw new EngineError('ENGINE_CONFIGURATION', `the upstream engine does not serve a model ${model}`);
  }
}

class UpstreamEngine implements Engine {
  readonly #connection: UpstreamConnection;
  readonly #options: UpstreamEngineOptions;
  readonly #closing = new AbortController();
  readonly #plans = new WeakMap<JsonObject, UpstreamPlan>();
  #running = 0;

  constructor(connection: UpstreamConnection, options: UpstreamEngineOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  describe(): EngineDescription {
    const { modelName, contextTokens, endpoints } = this.#options;
    return {
      name: 'upstream',
      build: 'OpenAI-compatible server on loopback',
      modelName,
      contextTokens,
      endpoints: endpoints ?? ['/v1/chat/completions', '/v1/completions'],
    };
  }

  async estimate(endpoint: EngineEndpoint, json: JsonObject, body: Uint8Array): Promise<EngineEstimate> {
    this.#assertAlive();
    const { contextTokens } = this.#options;
    const plan = this.#plan(endpoint, json, body);
    this.#plans.set(json, plan);
    return estimateUpstream(plan, contextTokens);
  }

  #plan(endpoint: EngineEndpoint, json: JsonObject, body: Uint8Array): UpstreamPlan {
    if (!this.describe().endpoints.includes(endpoint)) {
      throw new EngineError('ENGINE_UNSUPPORTED', `${endpoint} is not served for this model`);
    }
    return planUpstream(endpoint, json, body.length, this.#options.contextTokens);
  }

  async respond(request: EngineRequest): Promise<EngineResponse> {
    this.#assertAlive();
    const plan = this.#plans.get(request.json) ?? this.#plan(request.endpoint, request.json, request.body);
    const maxConcurrent = this.#options.maxConcurrent ?? 256;
    if (this.#running >= maxConcurrent) {
      throw new EngineError('ENGINE_BUSY', `${maxConcurrent} requests are running already`);
    }
    const body = forwardedBody(request, plan, {
      upstreamModel: this.#options.upstreamModel ?? this.#options.modelName,
      continuousUsage: this.#options.continuousUsage ?? false,
      cacheSalt: this.#cacheSalt(request.tenant),
    });
    return this.#send(request, plan, body);
  }

  async #send(request: EngineRequest, plan: UpstreamPlan, body: Uint8Array): Promise<EngineResponse> {
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    const leave = this.#enter();
    const response = await openUpstream(this.#connection, 'POST', request.endpoint, body, signal, leave);
    const status = response.statusCode ?? 0;
    if (status !== 200)
      throw upstreamRefusal(status, await readUpstreamBody(response, MAX_REFUSAL_BYTES, signal));
    const contentType = plan.options?.stream === true ? 'text/event-stream' : 'application/json';
    if (response.headers['content-type']?.startsWith(contentType) !== true) {
      response.destroy();
      throw new EngineError('ENGINE_FAILED', `the upstream answer is not ${contentType}`);
    }
    const meter = new UsageMeter({
      minPromptTokens: plan.minPromptTokens,
      maxPromptTokens: plan.maxPromptTokens,
      maxCompletionTokens: plan.options === null ? 0 : request.maxCompletionTokens,
    });
    const isStream = contentType === 'text/event-stream';
    const answer = isStream
      ? passStream(response, meter, plan.options?.includeUsage === false, signal)
      : passWhole(response, meter, signal);
    return { status, contentType, forwardedBody: body, chunks: leaveAfter(answer, leave) };
  }

  /** Counts a request in; the result counts it out, once. */
  #enter(): () => void {
    let isInside = true;
    this.#running++;
    return () => {
      if (isInside) this.#running--;
      isInside = false;
    };
  }

  #cacheSalt(tenant: string): string | null {
    const secret = this.#options.cacheSaltSecret;
    return secret === undefined
      ? null
      : createHash('sha256').update(`${secret}\0${tenant}`).digest('base64url');
  }

  #assertAlive(): void {
    if (this.#closing.signal.aborted) throw new EngineError('ENGINE_DEAD', 'the engine is closed');
  }

  close(): Promise<void> {
    this.#closing.abort(new EngineError('ENGINE_DEAD', 'the engine is closed'));
    return Promise.resolve();
  }
}

/** `leave` also runs when the connection closes, since an answer that nobody reads never gets to its end. */
async function* leaveAfter<Chunk>(
  answer: AsyncGenerator<Chunk, void, void>,
  leave: () => void,
): AsyncGenerator<Chunk, void, void> {
  try {
    yield* answer;
  } finally {
    leave();
  }
}
