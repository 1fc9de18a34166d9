import type { EngineUsage } from '../engine.ts';
import { EngineError } from '../engine-error.ts';

export interface UsageBounds {
  /** Tokens that the prompt has at least. */
  readonly minPromptTokens: number;
  readonly maxPromptTokens: number;
  readonly maxCompletionTokens: number;
}

/**
 * Counts what a passing answer has used. Until the upstream engine says, the prompt counts with a lower
 * bound and each piece of text as one token, which it has at least: an answer that is broken off is never
 * charged for more than was delivered. What the engine says is believed within the bounds only.
 */
export class UsageMeter {
  readonly #bounds: UsageBounds;
  #pieces = 0;
  #stated: EngineUsage | null = null;

  constructor(bounds: UsageBounds) {
    this.#bounds = bounds;
  }

  get usage(): EngineUsage {
    return this.#stated ?? { promptTokens: this.#bounds.minPromptTokens, completionTokens: this.#pieces };
  }

  /** Reads one object of the answer, a chunk or the whole. Throws `ENGINE_FAILED` for an answer that overruns. */
  read(object: unknown): void {
    const { usage, choices } = object as { readonly usage?: unknown; readonly choices?: unknown };
    if (Array.isArray(choices)) for (const choice of choices) this.#count(choice);
    if (this.#pieces > this.#bounds.maxCompletionTokens) {
      throw new EngineError('ENGINE_FAILED', 'the upstream engine sends more tokens than it was asked for');
    }
    if (usage !== undefined && usage !== null) this.#state(usage);
  }

  #count(choice: unknown): void {
    const { delta, message, text } = (choice ?? {}) as {
      readonly delta?: unknown;
      readonly message?: unknown;
      readonly text?: unknown;
    };
    if (hasContent(delta) || hasContent(message) || (typeof text === 'string' && text !== '')) this.#pieces++;
  }

  #state(usage: unknown): void {
    const { prompt_tokens: prompt, completion_tokens: completion } = usage as Record<string, unknown>;
    const { maxPromptTokens, maxCompletionTokens } = this.#bounds;
    if (!isCount(prompt) || !(completion === undefined || completion === null || isCount(completion))) {
      throw new EngineError('ENGINE_FAILED', 'the usage that the upstream engine states is not in numbers');
    }
    this.#stated = {
      promptTokens: Math.min(prompt, maxPromptTokens),
      completionTokens: Math.min(completion ?? 0, maxCompletionTokens),
    };
  }
}

/** Members of a delta that hold generated text; reasoning is what some servers send beside the answer. */
const TEXT_MEMBERS = ['content', 'reasoning_content', 'reasoning', 'refusal'] as const;

function hasContent(part: unknown): boolean {
  if (part === null || typeof part !== 'object') return false;
  const members = part as Record<string, unknown>;
  const calls = members['tool_calls'];
  if (Array.isArray(calls) && calls.length > 0) return true;
  return TEXT_MEMBERS.some((name) => typeof members[name] === 'string' && members[name] !== '');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
