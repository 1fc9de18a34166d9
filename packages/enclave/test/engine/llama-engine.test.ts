import {
  type AnswerObject,
  askEngine,
  parseStream,
  serveEngine,
  startAnswer,
  streamedText,
  wholeTexts,
} from '@dcml/testing/engine';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createTinyEngine, tinyModelPath } from './tiny-engine.ts';

const CHAT = '/v1/chat/completions';
const TEXT = '/v1/completions';
const user = (content: string): { readonly role: string; readonly content: string } => ({
  role: 'user',
  content,
});
const refusedWith = (code: string, param?: string): unknown =>
  expect.objectContaining({
    code,
    ...(param === undefined ? {} : { details: expect.objectContaining({ param }) as unknown }),
  });

let engine: Engine;
/** One sequence, and room for one more request to wait. */
let small: Engine;
beforeAll(async () => {
  engine = await createTinyEngine();
  small = await createTinyEngine({ maxSequences: 1, maxWaiting: 1, contextTokens: 128 });
});
afterAll(async () => {
  await engine.close();
  await small.close();
});

async function textOf(body: object, tenant = 'a'): Promise<string> {
  const answer = await askEngine(engine, CHAT, { temperature: 0, max_tokens: 30, ...body }, { tenant });
  return wholeTexts(JSON.parse(answer.text) as AnswerObject)[0]!;
}

describe('starting', () => {
  it('refuses what is no model: ENGINE_CONFIGURATION', async () => {
    await expect(createTinyEngine({ modelPath: '/nowhere.gguf' })).rejects.toEqual(
      refusedWith('ENGINE_CONFIGURATION'),
    );
    const notAModel = createTinyEngine({ modelPath: new URL(import.meta.url).pathname });
    await expect(notAModel).rejects.toEqual(refusedWith('ENGINE_CONFIGURATION'));
  });

  it('ends with the reason of its signal', async () => {
    const reason = new Error('stop');
    await expect(createTinyEngine({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('closes when its signal aborts', async () => {
    const controller = new AbortController();
    const short = await createTinyEngine({ maxSequences: 1, contextTokens: 64, signal: controller.signal });
    controller.abort();
    await expect(startAnswer(short, CHAT, { messages: [user('x')] })).rejects.toEqual(
      refusedWith('ENGINE_DEAD'),
    );
    await short.close();
  });
});

describe('the context', () => {
  it('refuses a prompt that does not fit: ENGINE_CONTEXT', async () => {
    for (const content of ['word '.repeat(600), 'x'.repeat(200_000)]) {
      await expect(startAnswer(engine, CHAT, { messages: [user(content)] })).rejects.toEqual(
        refusedWith('ENGINE_CONTEXT'),
      );
    }
  });

  it('is never overrun: prompt and answer fill it at most', async () => {
    const answer = await askEngine(small, TEXT, { prompt: '{', temperature: 2, seed: 5, max_tokens: 1000 });
    expect(answer.usage.promptTokens + answer.usage.completionTokens).toBeLessThanOrEqual(128);
    expect(answer.estimate.availableCompletionTokens).toBe(128 - answer.usage.promptTokens);
  });
});

describe('the queue', () => {
  it('is bounded: ENGINE_BUSY', async () => {
    const body = { prompt: '{', temperature: 1.5, seed: 7, max_tokens: 100 };
    const first = startAnswer(small, TEXT, body);
    const second = startAnswer(small, TEXT, body);
    await Promise.all([first, second]);
    await expect(startAnswer(small, TEXT, body)).rejects.toEqual(refusedWith('ENGINE_BUSY'));
    await expect(startAnswer(small, TEXT, { ...body, n: 3 })).rejects.toEqual(
      refusedWith('ENGINE_REQUEST', 'n'),
    );
    for (const { response } of [await first, await second]) {
      for await (const chunk of response.chunks) expect(chunk.bytes.length).toBeGreaterThan(0);
    }
    expect(
      (await askEngine(small, TEXT, { ...body, max_tokens: 2 })).usage.completionTokens,
    ).toBeLessThanOrEqual(2);
  });

  it('lets a request leave it when it is aborted', async () => {
    const body = { prompt: '{', temperature: 1.5, seed: 7, max_tokens: 100, stream: true };
    const controller = new AbortController();
    const running = await startAnswer(small, TEXT, body);
    const waiting = await startAnswer(small, TEXT, body, { signal: controller.signal });
    controller.abort(new Error('left'));
    const read = (async (): Promise<void> => {
      for await (const chunk of waiting.response.chunks) expect(chunk).toBeUndefined();
    })();
    await expect(read).rejects.toThrow('left');
    const next = await startAnswer(small, TEXT, body);
    for (const { response } of [running, next]) {
      for await (const chunk of response.chunks) if (chunk.bytes.length > 0) break;
    }
  });
});

describe('tenants', () => {
  it('share nothing: an answer does not depend on what ran before on the same sequence', async () => {
    const ask = async (content: string, tenant: string): Promise<unknown> => {
      const body = {
        messages: [user(content)],
        temperature: 0,
        max_tokens: 12,
        logprobs: true,
        top_logprobs: 5,
      };
      const answer = await askEngine(small, CHAT, body, { tenant });
      return (JSON.parse(answer.text) as AnswerObject).choices;
    };
    const fresh = await ask('Write a poem', 'b');
    await ask('Write a poem about the sea, please', 'a');
    await ask('Write a poem', 'a');
    expect(await ask('Write a poem', 'b')).toEqual(fresh);
  });
});

describe('log probabilities', () => {
  it('come with the chosen token first at temperature 0, and sum to at most one', async () => {
    const body = {
      messages: [user('Hello')],
      temperature: 0,
      max_tokens: 5,
      logprobs: true,
      top_logprobs: 20,
    };
    const whole = JSON.parse((await askEngine(engine, CHAT, body)).text) as OpenAI.ChatCompletion;
    const content = whole.choices[0]!.logprobs!.content!;
    expect(content.map((entry) => entry.token).join('')).toBe(whole.choices[0]!.message.content);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(top_logprobs.length).toBe(20);
      expect(top_logprobs[0]).toMatchObject({ token, logprob });
      expect(Buffer.from(bytes!).toString()).toBe(token);
      const sum = top_logprobs.reduce((total, entry) => total + Math.exp(entry.logprob), 0);
      expect(sum).toBeLessThanOrEqual(1.0001);
      expect(sum).toBeGreaterThan(0.3);
    }
    const streamed = await askEngine(engine, CHAT, { ...body, stream: true });
    const events = parseStream(streamed.text) as unknown as OpenAI.ChatCompletionChunk[];
    expect(events.flatMap((event) => event.choices[0]?.logprobs?.content ?? [])).toEqual(content);
    expect(streamedText(parseStream(streamed.text))).toBe(whole.choices[0]!.message.content);
  });

  it('have their own form in text completions', async () => {
    const answer = await askEngine(engine, TEXT, {
      prompt: 'The',
      temperature: 0,
      max_tokens: 4,
      logprobs: 2,
    });
    const { choices } = JSON.parse(answer.text) as OpenAI.Completion;
    const {
      tokens,
      token_logprobs: logprobs,
      top_logprobs: top,
      text_offset: offsets,
    } = choices[0]!.logprobs!;
    expect(tokens!.join('')).toBe(choices[0]!.text);
    expect(offsets).toEqual([0, tokens![0]!.length, `${tokens![0]}${tokens![1]}`.length, expect.any(Number)]);
    expect(logprobs!.every((value) => value <= 0)).toBe(true);
    expect(Object.keys(top![0]!).length).toBe(2);
  });

  it('are refused where they cannot be had: ENGINE_UNSUPPORTED', async () => {
    const body = { messages: [user('x')], logprobs: true, response_format: { type: 'json_object' } };
    await expect(startAnswer(engine, CHAT, body)).rejects.toEqual(
      refusedWith('ENGINE_UNSUPPORTED', 'logprobs'),
    );
  });
});

describe('penalties and biases', () => {
  it('change the answer', async () => {
    const repeat = async (options: object): Promise<string> => {
      const body = { prompt: 'The', temperature: 0, max_tokens: 30, logit_bias: { 70: 40 }, ...options };
      return wholeTexts(JSON.parse((await askEngine(engine, TEXT, body)).text) as AnswerObject)[0]!;
    };
    const free = await repeat({});
    expect(new Set(free).size).toBe(1);
    expect(await repeat({ logit_bias: { 70: -100 } })).not.toContain(free[0]!);
    const penalized = await repeat({ frequency_penalty: 2 });
    expect(new Set(penalized).size).toBeGreaterThan(1);
    expect(await repeat({ frequency_penalty: 2, logprobs: 1 })).toBe(penalized);
  });

  it('that would be left out without a word are refused', async () => {
    const body = { messages: [user('x')] };
    const end = startAnswer(engine, CHAT, { ...body, logit_bias: { 2: 5 } });
    await expect(end).rejects.toEqual(refusedWith('ENGINE_UNSUPPORTED', 'logit_bias'));
    const unknown = startAnswer(engine, CHAT, { ...body, logit_bias: { 99999: 5 } });
    await expect(unknown).rejects.toEqual(refusedWith('ENGINE_REQUEST', 'logit_bias'));
  });
});

describe('prompts', () => {
  it('may be several, as text or token ids', async () => {
    const answer = await askEngine(engine, TEXT, {
      prompt: ['The', [40, 41]],
      n: 2,
      temperature: 0,
      max_tokens: 3,
    });
    const { choices } = JSON.parse(answer.text) as OpenAI.Completion;
    expect(choices.map((choice) => choice.index)).toEqual([0, 1, 2, 3]);
    expect(choices[0]!.text).toBe(choices[1]!.text);
    expect(answer.estimate.requestedCompletionTokens).toBe(12);
    for (const prompt of [[], [[]], [768], [-1], [1.5], '', { a: 1 }]) {
      await expect(startAnswer(engine, TEXT, { prompt })).rejects.toEqual(refusedWith('ENGINE_REQUEST'));
    }
  });

  it('longer than one slice give the same answer as ever', async () => {
    const content = `${'The sea is wide. '.repeat(25)}Write a poem`;
    const [first, second] = await Promise.all([
      textOf({ messages: [user(content)] }),
      textOf({ messages: [user(content)] }),
    ]);
    expect(first).toBe(second);
  });
});

describe('embeddings', () => {
  it('have length one and are the same in both encodings', async () => {
    const ask = async (encoding: string): Promise<OpenAI.CreateEmbeddingResponse> => {
      const answer = await askEngine(engine, '/v1/embeddings', {
        input: ['The sea', 'A key'],
        encoding_format: encoding,
      });
      return JSON.parse(answer.text) as OpenAI.CreateEmbeddingResponse;
    };
    const floats = await ask('float');
    expect(floats.data.map((item) => item.index)).toEqual([0, 1]);
    for (const { embedding } of floats.data) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(floats.data[0]!.embedding).not.toEqual(floats.data[1]!.embedding);
    const bytes = Buffer.from((await ask('base64')).data[0]!.embedding as unknown as string, 'base64');
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual(
      floats.data[0]!.embedding.slice(0, 2).map(Math.fround),
    );
    expect(floats.usage.prompt_tokens).toBe(floats.usage.total_tokens);
    const refused = startAnswer(engine, '/v1/embeddings', { input: 'x', dimensions: 5 });
    await expect(refused).rejects.toEqual(refusedWith('ENGINE_UNSUPPORTED', 'dimensions'));
  });
});

describe('the unmodified openai package', () => {
  it('chats, streams, completes and embeds', async () => {
    const server = await serveEngine(engine);
    const client = new OpenAI({ apiKey: 'none', baseURL: `${server.baseUrl}/v1`, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    const options = { model: 'tiny', messages, temperature: 0, max_tokens: 20 };
    const whole = await client.chat.completions.create(options);
    expect(whole.choices[0]!.message.content).not.toBe('');
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...options, stream: true })) {
      text += chunk.choices[0]!.delta.content ?? '';
    }
    expect(text).toBe(whole.choices[0]!.message.content);
    const final = await client.chat.completions.stream(options).finalChatCompletion();
    expect(final.choices[0]!.message.content).toBe(text);
    const completion = await client.completions.create({ model: 'tiny', prompt: 'The', temperature: 0 });
    expect(completion.usage!.completion_tokens).toBe(16);
    const embedding = await client.embeddings.create({ model: 'tiny', input: 'sea' });
    expect(embedding.data[0]!.embedding.length).toBeGreaterThan(8);
    const refused = client.chat.completions.create({ ...options, temperature: 9 });
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'ENGINE_REQUEST' });
    await server.close();
  });
});

it('the model of the repository is where the tests look for it', () => {
  expect(tinyModelPath.endsWith('models/tiny/model.gguf')).toBe(true);
});
