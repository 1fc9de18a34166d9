import type { Engine } from '@dcml/enclave';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEngine, startAnswer } from './ask-engine.ts';
import { type AnswerObject, parseStream, streamedText, wholeTexts } from './openai-shapes.ts';

const CHAT = '/v1/chat/completions';
const TEXT = '/v1/completions';

export interface EngineUnderTest {
  readonly engine: Engine;
  /** Closes what the engine needed; the suite closes the engine itself. */
  dispose(): Promise<void>;
}

const hello = { messages: [{ role: 'user', content: 'Hello' }], temperature: 0 };
const poem = { messages: [{ role: 'user', content: 'Write a poem' }], temperature: 0 };
// Answers to this are long, whatever the model.
const endless = { prompt: '{', temperature: 1.5, seed: 7, max_tokens: 200, stream: true };

/**
 * What every engine must do, whatever runs the model. The model must have a chat template, and answer
 * `Write a poem` with more than 20 tokens.
 */
export function describeEngine(name: string, create: () => Promise<EngineUnderTest>): void {
  describe(`${name} conforms to Engine`, () => {
    let subject: EngineUnderTest;
    let engine: Engine;
    beforeAll(async () => {
      subject = await create();
      engine = subject.engine;
    });
    afterAll(async () => {
      await engine.close();
      await subject.dispose();
    });

    it('describes itself', () => {
      const description = engine.describe();
      expect(description.modelName).not.toBe('');
      expect(description.contextTokens).toBeGreaterThan(0);
      expect(description.endpoints).toContain(CHAT);
    });

    it('streams the same text that it answers in one piece', async () => {
      const whole = await askEngine(engine, CHAT, { ...poem, max_tokens: 40 });
      const streamed = await askEngine(engine, CHAT, { ...poem, max_tokens: 40, stream: true });
      expect(whole.response.contentType).toBe('application/json');
      expect(streamed.response.contentType).toBe('text/event-stream');
      const [text] = wholeTexts(JSON.parse(whole.text) as AnswerObject);
      const events = parseStream(streamed.text);
      expect(text!.length).toBeGreaterThan(20);
      expect(streamedText(events)).toBe(text);
      expect(new Set(events.map((event) => event.id)).size).toBe(1);
      expect(events.every((event) => event.object === 'chat.completion.chunk')).toBe(true);
      expect(streamed.usage).toEqual(whole.usage);
      expect(streamed.chunks.length).toBeGreaterThan(5);
    });

    it('does the same for text completions', async () => {
      const body = { prompt: 'The', temperature: 0, max_tokens: 20 };
      const whole = await askEngine(engine, TEXT, body);
      const streamed = await askEngine(engine, TEXT, { ...body, stream: true });
      const answer = JSON.parse(whole.text) as AnswerObject;
      expect(answer.object).toBe('text_completion');
      expect(streamedText(parseStream(streamed.text))).toBe(wholeTexts(answer)[0]);
    });

    it('meters what it writes: usage in the answer, in the chunks and within the estimate', async () => {
      const whole = await askEngine(engine, CHAT, { ...poem, max_tokens: 30 });
      const { usage } = JSON.parse(whole.text) as AnswerObject;
      expect(usage).toEqual({
        prompt_tokens: whole.usage.promptTokens,
        completion_tokens: whole.usage.completionTokens,
        total_tokens: whole.usage.promptTokens + whole.usage.completionTokens,
      });
      expect(whole.usage.promptTokens).toBeLessThanOrEqual(whole.estimate.promptTokens);
      expect(whole.estimate.requestedCompletionTokens).toBe(30);
      const streamed = await askEngine(engine, CHAT, {
        ...poem,
        max_tokens: 30,
        stream: true,
        stream_options: { include_usage: true },
      });
      const last = parseStream(streamed.text).at(-1)!;
      expect(last.choices).toEqual([]);
      expect(last.usage).toEqual(usage);
      const counts = streamed.chunks.map((chunk) => chunk.usage.completionTokens);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(streamed.usage).toEqual(whole.usage);
    });

    it('sends no usage chunk to a client that did not ask for one', async () => {
      const streamed = await askEngine(engine, CHAT, { ...hello, max_tokens: 8, stream: true });
      expect(parseStream(streamed.text).every((event) => event.choices.length === 1)).toBe(true);
    });

    it('never makes more tokens than it may', async () => {
      for (const stream of [true, false]) {
        const bounded = await askEngine(engine, CHAT, { ...poem, stream }, { maxCompletionTokens: 3 });
        expect(bounded.usage.completionTokens).toBeLessThanOrEqual(3);
        const lowered = await askEngine(
          engine,
          CHAT,
          { ...poem, stream, max_tokens: 30 },
          { maxCompletionTokens: 5 },
        );
        expect(lowered.usage.completionTokens).toBeLessThanOrEqual(5);
      }
      const answer = await askEngine(engine, CHAT, { ...poem, max_tokens: 4 });
      expect((JSON.parse(answer.text) as AnswerObject).choices[0]!.finish_reason).toBe('length');
      expect(answer.usage.completionTokens).toBeLessThanOrEqual(4);
    });

    it('stops at a stop text and never shows it', async () => {
      const free = await askEngine(engine, CHAT, { ...poem, max_tokens: 40 });
      const [text] = wholeTexts(JSON.parse(free.text) as AnswerObject);
      const stop = text!.slice(12, 17);
      const expected = text!.slice(0, text!.indexOf(stop));
      for (const wanted of [stop, [stop, 'never written']]) {
        const whole = await askEngine(engine, CHAT, { ...poem, max_tokens: 40, stop: wanted });
        const answer = JSON.parse(whole.text) as AnswerObject;
        expect(wholeTexts(answer)[0]).toBe(expected);
        expect(answer.choices[0]!.finish_reason).toBe('stop');
        const streamed = await askEngine(engine, CHAT, {
          ...poem,
          max_tokens: 40,
          stop: wanted,
          stream: true,
        });
        expect(streamedText(parseStream(streamed.text))).toBe(expected);
      }
    });

    it('answers n times', async () => {
      const body = { ...poem, n: 3, max_tokens: 6, temperature: 1, seed: 1 };
      const whole = await askEngine(engine, CHAT, body);
      const answer = JSON.parse(whole.text) as AnswerObject;
      expect(answer.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
      expect(whole.estimate.requestedCompletionTokens).toBe(18);
      const streamed = await askEngine(engine, CHAT, { ...body, stream: true });
      const events = parseStream(streamed.text);
      expect([0, 1, 2].map((index) => streamedText(events, index))).toEqual(wholeTexts(answer));
      expect(streamed.usage).toEqual(whole.usage);
    });

    it('draws the same text for the same seed, also among others', async () => {
      const ask = async (seed: number): Promise<string> => {
        const answer = await askEngine(engine, CHAT, { ...poem, temperature: 1, seed, max_tokens: 12 });
        return wholeTexts(JSON.parse(answer.text) as AnswerObject)[0]!;
      };
      const alone = [await ask(1), await ask(2), await ask(3), await ask(4)];
      expect(await Promise.all([ask(1), ask(2), ask(3), ask(4)])).toEqual(alone);
      expect(new Set(alone).size).toBeGreaterThan(1);
    });

    it('serves many at once, each its own answer', async () => {
      const questions = ['Hello', 'Write a poem', 'x', 'Thank you', 'Tell me a joke.', 'Who are you?'];
      const ask = async (content: string): Promise<string> => {
        const answer = await askEngine(engine, CHAT, {
          messages: [{ role: 'user', content }],
          temperature: 0,
          max_tokens: 12,
          stream: true,
        });
        return streamedText(parseStream(answer.text));
      };
      const alone: string[] = [];
      for (const question of questions) alone.push(await ask(question));
      expect(await Promise.all(questions.map(ask))).toEqual(alone);
    });

    it('ends with the reason of an abort, and serves on', async () => {
      const controller = new AbortController();
      const reason = new Error('the client went away');
      const { response } = await startAnswer(engine, TEXT, endless, { signal: controller.signal });
      const read = async (): Promise<number> => {
        let chunks = 0;
        for await (const _ of response.chunks) if (++chunks === 2) controller.abort(reason);
        return chunks;
      };
      await expect(read()).rejects.toBe(reason);
      const aborted = startAnswer(engine, CHAT, hello, { signal: AbortSignal.abort(reason) });
      await expect(aborted).rejects.toBe(reason);
      expect((await askEngine(engine, CHAT, { ...hello, max_tokens: 4 })).text).toContain('chat.completion');
    });

    it('stops when nobody reads on', async () => {
      for (let i = 0; i < 20; i++) {
        const { response } = await startAnswer(engine, TEXT, endless);
        for await (const chunk of response.chunks) if (chunk.bytes.length > 0) break;
      }
      expect((await askEngine(engine, CHAT, { ...hello, max_tokens: 4 })).text).toContain('chat.completion');
    });

    it('refuses bad requests with a typed error', async () => {
      const bad: readonly (readonly [object, string])[] = [
        [{ temperature: 0 }, 'ENGINE_REQUEST'],
        [{ messages: [] }, 'ENGINE_REQUEST'],
        [{ messages: [{ role: 'robot', content: 'x' }] }, 'ENGINE_REQUEST'],
        [{ messages: [{ role: 'user', content: 5 }] }, 'ENGINE_REQUEST'],
        [{ ...hello, temperature: 3 }, 'ENGINE_REQUEST'],
        [{ ...hello, top_p: -1 }, 'ENGINE_REQUEST'],
        [{ ...hello, n: 0 }, 'ENGINE_REQUEST'],
        [{ ...hello, max_tokens: 0 }, 'ENGINE_REQUEST'],
        [{ ...hello, max_tokens: 5, max_completion_tokens: 6 }, 'ENGINE_REQUEST'],
        [{ ...hello, stream: 'yes' }, 'ENGINE_REQUEST'],
        [{ ...hello, stream_options: { include_usage: true } }, 'ENGINE_REQUEST'],
        [{ ...hello, stop: ['a', 'b', 'c', 'd', 'e'] }, 'ENGINE_REQUEST'],
        [{ ...hello, top_logprobs: 2 }, 'ENGINE_REQUEST'],
        [{ ...hello, tool_choice: 'required' }, 'ENGINE_REQUEST'],
        [{ ...hello, magic: true }, 'ENGINE_REQUEST'],
        [{ ...hello, store: true }, 'ENGINE_UNSUPPORTED'],
        [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'ENGINE_UNSUPPORTED'],
      ];
      for (const [body, code] of bad) {
        await expect(startAnswer(engine, CHAT, body), JSON.stringify(body)).rejects.toMatchObject({ code });
      }
    });

    it('names the parameter that it does not know', async () => {
      const refused = startAnswer(engine, CHAT, { ...hello, magic: true });
      await expect(refused).rejects.toMatchObject({ details: { param: 'magic' } });
    });

    it('closes once and for all', async () => {
      const running = await startAnswer(engine, TEXT, endless);
      const rest = (async (): Promise<void> => {
        for await (const chunk of running.response.chunks) if (chunk.bytes.length === 0) break;
      })();
      const outcome = expect(rest).rejects.toMatchObject({ code: 'ENGINE_DEAD' });
      await Promise.all([engine.close(), engine.close()]);
      await outcome;
      await engine.close();
      await expect(startAnswer(engine, CHAT, hello)).rejects.toMatchObject({ code: 'ENGINE_DEAD' });
    });
  });
}
