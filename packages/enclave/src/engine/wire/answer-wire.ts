import type { EngineUsage } from '../engine.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export interface LogprobView {
  readonly token: string;
  readonly bytes: Uint8Array;
  readonly logprob: number;
}

/** Log probability of one token of an answer and of its alternatives. */
export interface TokenLogprobs extends LogprobView {
  readonly top: readonly LogprobView[];
}

export interface ToolCallView {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** What one or several tokens added to one choice. */
export interface ChoiceUpdate {
  readonly index: number;
  readonly text: string;
  readonly logprobs: readonly TokenLogprobs[];
  readonly toolCalls: readonly ToolCallView[];
  /** Set by the last update of the choice. */
  readonly finish: FinishReason | null;
  /** Tokens of the choice that are delivered with this update and those before it. */
  readonly delivered: number;
}

/** What all chunks of an answer have in common. */
export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly fingerprint: string;
  /** Whether log probabilities were asked for. */
  readonly logprobs: boolean;
  /** Whether the stream ends with a chunk of usage. */
  readonly includeUsage: boolean;
}

/** Writes one kind of answer as OpenAI does. */
export interface AnswerWire {
  /** The server-sent events of one update. */
  event(update: ChoiceUpdate): string;
  /** The events that end a stream. */
  end(usage: EngineUsage): string;
  /** A buffered answer; `choices` in order, each with all of its text. */
  whole(choices: readonly ChoiceUpdate[], usage: EngineUsage): string;
}

export function usageJson(usage: EngineUsage): string {
  const { promptTokens, completionTokens } = usage;
  const total = promptTokens + completionTokens;
  return `{"prompt_tokens":${promptTokens},"completion_tokens":${completionTokens},"total_tokens":${total}}`;
}

/** Lowest log probability written: JSON has no infinity. OpenAI uses the same number. */
const MIN_LOGPROB = -9999;

export function finiteLogprob(logprob: number): number {
  return Math.max(logprob, MIN_LOGPROB);
}

export const STREAM_END = 'data: [DONE]\n\n';
