/** The parts of OpenAI's answers that the suite looks at. */
export interface AnswerChoice {
  readonly index: number;
  readonly finish_reason: string | null;
  readonly text?: string;
  readonly message?: { readonly role: string; readonly content: string | null };
  readonly delta?: { readonly role?: string; readonly content?: string | null };
}

export interface AnswerUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface AnswerObject {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly choices: readonly AnswerChoice[];
  readonly usage?: AnswerUsage | null;
}

/** The events of a stream; throws unless it is whole and ends with `[DONE]`. */
export function parseStream(text: string): readonly AnswerObject[] {
  const events = text
    .split(/\n\n/)
    .map((event) => event.trim())
    .filter((event) => event !== '');
  if (events.pop() !== 'data: [DONE]') throw new Error('the stream does not end with [DONE]');
  return events.map((event) => {
    if (!event.startsWith('data: ')) throw new Error('an event has no data');
    return JSON.parse(event.slice(6)) as AnswerObject;
  });
}

/** Text of one choice of a stream. */
export function streamedText(events: readonly AnswerObject[], index = 0): string {
  const choices = events.flatMap((event) => event.choices).filter((choice) => choice.index === index);
  return choices.map((choice) => choice.delta?.content ?? choice.text ?? '').join('');
}

/** Texts of a buffered answer in the order of choices. */
export function wholeTexts(answer: AnswerObject): readonly string[] {
  const sorted = [...answer.choices].sort((a, b) => a.index - b.index);
  return sorted.map((choice) => choice.message?.content ?? choice.text ?? '');
}
