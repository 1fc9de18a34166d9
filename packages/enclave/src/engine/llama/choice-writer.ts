import type {
  ChoiceUpdate,
  FinishReason,
  LogprobView,
  TokenLogprobs,
  ToolCallView,
} from '../wire/answer-wire.ts';
import type { Draw, TokenLogprob } from './draw-tokens.ts';
import { OutputText } from './output-text.ts';
import type { ToolCallReader } from './tool-call-reader.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface ChoiceWriterOptions {
  readonly index: number;
  readonly vocabulary: Vocabulary;
  readonly stops: readonly string[];
  /** Most tokens that this choice may take. */
  readonly limit: number;
  readonly reader: ToolCallReader | null;
}

const NO_CALLS: readonly ToolCallView[] = [];
const NO_LOGPROBS: readonly TokenLogprobs[] = [];

/** Turns the tokens of one choice into updates, and decides when the choice is finished. */
export class ChoiceWriter {
  readonly #options: ChoiceWriterOptions;
  readonly #output: OutputText;
  readonly #logprobs: TokenLogprobs[] = [];
  #tokens = 0;
  #delivered = 0;

  constructor(options: ChoiceWriterOptions) {
    this.#options = options;
    this.#output = new OutputText(options.stops);
  }

  /** The update that the token makes ready; null when there is nothing to send yet. */
  write(draw: Draw): ChoiceUpdate | null {
    const { vocabulary, reader, limit } = this.#options;
    if (vocabulary.isEnd(draw.token)) return this.#finish('stop');
    this.#tokens++;
    const piece = vocabulary.piece(draw.token, reader !== null);
    const text = this.#output.push(piece);
    if (draw.logprob !== undefined) this.#logprobs.push(this.#view(draw, draw.logprob));
    const reading = reader === null ? null : reader.push(text);
    if (this.#output.stopped || reader?.isDone === true)
      return this.#finish('stop', reading ?? { text, toolCalls: NO_CALLS });
    if (this.#tokens >= limit) return this.#finish('length', reading ?? { text, toolCalls: NO_CALLS });
    if (reading === null ? text === '' : reading.text === '' && reading.toolCalls.length === 0) return null;
    return this.#update(reading?.text ?? text, reading?.toolCalls ?? NO_CALLS, null);
  }

  #finish(
    reason: FinishReason,
    ready: { readonly text: string; readonly toolCalls: readonly ToolCallView[] } = {
      text: '',
      toolCalls: NO_CALLS,
    },
  ): ChoiceUpdate {
    const { reader } = this.#options;
    const rest = this.#output.finish();
    if (reader === null) return this.#update(ready.text + rest, NO_CALLS, reason);
    const last = reader.push(rest);
    const end = reader.finish();
    const toolCalls = [...ready.toolCalls, ...last.toolCalls, ...end.toolCalls];
    const finish = reader.hasCalls ? 'tool_calls' : reason;
    return this.#update(ready.text + last.text + end.text, toolCalls, finish);
  }

  #update(text: string, toolCalls: readonly ToolCallView[], finish: FinishReason | null): ChoiceUpdate {
    if (this.#options.reader?.isEmpty !== false) this.#delivered = this.#output.delivered;
    const ready = this.#logprobs.length === 0 ? 0 : this.#delivered - (this.#tokens - this.#logprobs.length);
    const logprobs = ready > 0 ? this.#logprobs.splice(0, ready) : NO_LOGPROBS;
    return { index: this.#options.index, text, logprobs, toolCalls, finish, delivered: this.#delivered };
  }

  #view(draw: Draw, logprob: number): TokenLogprobs {
    const top = (draw.top ?? []).map((entry: TokenLogprob) => this.#tokenView(entry));
    return { ...this.#tokenView({ token: draw.token, logprob }), top };
  }

  #tokenView({ token, logprob }: TokenLogprob): LogprobView {
    const { bytes, text } = this.#options.vocabulary.piece(token, true);
    return { token: text ?? Buffer.from(bytes).toString(), bytes, logprob };
  }
}
