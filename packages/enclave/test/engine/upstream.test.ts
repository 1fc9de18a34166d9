import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askEngine, startAnswer } from '@dcml/testing/engine';
import { afterEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import {
  createUpstreamEngine,
  type UpstreamEngineOptions,
} from '../../src/engine/upstream/create-upstream-engine.ts';
import { UsageMeter } from '../../src/engine/upstream/usage-meter.ts';

const CHAT = '/v1/chat/completions';
const hello = { messages: [{ role: 'user', content: 'Hello there you' }], max_tokens: 10 };

interface Seen {
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

type Answer = (response: ServerResponse, seen: Seen) => void;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function fakeUpstream(answer: Answer): Promise<{ readonly baseUrl: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { url, headers } = request;
      if (url === '/v1/models') {
        response.setHeader('content-type', 'application/json').end('{"data":[{"id":"m"}]}');
        return;
      }
      const one = {
        path: url ?? '',
        body: Buffer.concat(parts).toString(),
        authorization: headers.authorization,
      };
      seen.push(one);
      answer(response, one);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function engineOver(
  answer: Answer,
  options: Partial<UpstreamEngineOptions> = {},
): Promise<{ engine: Engine; seen: Seen[] }> {
  const { baseUrl, seen } = await fakeUpstream(answer);
  const signal = new AbortController().signal;
  const engine = await createUpstreamEngine({
    baseUrl,
    modelName: 'm',
    contextTokens: 4096,
    signal,
    ...options,
  });
  closers.push(() => engine.close());
  return { engine, seen };
}

const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const content = (text: string): object => ({
  id: 'c',
  choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
});
const usage = (prompt: number, completion: number): object => ({
  id: 'c',
  choices: [],
  usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
});
const DONE = 'data: [DONE]\n\n';

function stream(...parts: readonly (string | Buffer)[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const send = (index: number): void => {
      if (index === parts.length) response.end();
      else response.write(parts[index]!, () => setImmediate(send, index + 1));
    };
    send(0);
  };
}

const whole = (body: unknown, status = 200): Answer => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(text);
};

const refusedWith = (code: string): unknown => expect.objectContaining({ code });

describe('upstream addresses', () => {
  it('other than loopback in numbers are refused: ENGINE_CONFIGURATION', async () => {
    const bad = [
      'http://localhost:1',
      'http://10.0.0.1:1',
      'http://127.0.0.1.evil.example:1',
      'http://0.0.0.0:1',
      'https://127.0.0.1:1',
      'http://user:pw@127.0.0.1:1',
      'http://[::2]:1',
      'unix:/x',
      'x',
    ];
    for (const baseUrl of bad) {
      const signal = new AbortController().signal;
      const started = createUpstreamEngine({ baseUrl, modelName: 'm', contextTokens: 64, signal });
      await expect(started, baseUrl).rejects.toEqual(refusedWith('ENGINE_CONFIGURATION'));
    }
  });

  it('where nothing listens make ENGINE_DEAD', async () => {
    const options = { modelName: 'm', contextTokens: 64, signal: new AbortController().signal };
    const started = createUpstreamEngine({ baseUrl: 'http://127.0.0.1:1', ...options });
    await expect(started).rejects.toEqual(refusedWith('ENGINE_DEAD'));
  });

  it('whose server has another model are refused', async () => {
    const { baseUrl } = await fakeUpstream(whole({}));
    const options = { modelName: 'other', contextTokens: 64, signal: new AbortController().signal };
    await expect(createUpstreamEngine({ baseUrl, ...options })).rejects.toEqual(
      refusedWith('ENGINE_CONFIGURATION'),
    );
  });
});

describe('the forwarded body', () => {
  const answer = whole({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 1 } });

  it('is the request byte for byte when nothing is missing', async () => {
    const { engine, seen } = await engineOver(answer, { apiKey: 'k' });
    const { request, response } = await askEngine(engine, CHAT, hello);
    expect(seen[0]!.body).toBe(Buffer.from(request).toString());
    expect(response.forwardedBody).toBe(request);
    expect(seen[0]!.authorization).toBe('Bearer k');
  });

  it('gets a limit when the request has none, and keeps every other byte', async () => {
    const { engine, seen } = await engineOver(answer);
    const { request, response } = await askEngine(
      engine,
      CHAT,
      { messages: hello.messages },
      { maxCompletionTokens: 77 },
    );
    const body = Buffer.from(request).toString();
    expect(seen[0]!.body).toBe(`{"max_tokens":77,${body.slice(1)}`);
    expect(Buffer.from(response.forwardedBody).toString()).toBe(seen[0]!.body);
  });

  it('gets a lower limit when less is paid for, shared by all answers', async () => {
    const { engine, seen } = await engineOver(answer);
    await askEngine(engine, CHAT, { ...hello, n: 2 }, { maxCompletionTokens: 9 });
    expect(JSON.parse(seen[0]!.body)).toMatchObject({ max_tokens: 4, n: 2 });
    const tooFew = startAnswer(engine, CHAT, { ...hello, n: 2 }, { maxCompletionTokens: 1 });
    await expect(tooFew).rejects.toEqual(refusedWith('ENGINE_REQUEST'));
  });

  it('asks for usage where the request does not', async () => {
    const answered = stream(event(content('a')), event(usage(3, 1)), DONE);
    const { engine, seen } = await engineOver(answered);
    await askEngine(engine, CHAT, { ...hello, stream: true });
    await askEngine(engine, CHAT, { ...hello, stream: true, stream_options: { include_usage: false } });
    for (const { body } of seen)
      expect(JSON.parse(body)).toMatchObject({ stream_options: { include_usage: true } });
    const { request } = await askEngine(engine, CHAT, {
      ...hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(seen[2]!.body).toBe(Buffer.from(request).toString());
  });

  it('has what vLLM understands when told to: usage in every chunk, a cache of its own per tenant', async () => {
    const answered = stream(event(content('a')), event(usage(3, 1)), DONE);
    const { engine, seen } = await engineOver(answered, {
      continuousUsage: true,
      cacheSaltSecret: 's',
      upstreamModel: 'm',
      modelName: 'listed-name',
    });
    const body = { ...hello, stream: true, stream_options: { include_usage: true } };
    await askEngine(engine, CHAT, body, { tenant: 'a' });
    await askEngine(engine, CHAT, body, { tenant: 'b' });
    const [a, b] = seen.map((one) => JSON.parse(one.body) as { cache_salt: string; model: string });
    expect(a).toMatchObject({
      model: 'm',
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
    expect(a!.cache_salt).not.toBe(b!.cache_salt);
  });
});

describe('a stream from upstream', () => {
  it('passes byte for byte, wherever TCP cuts it', async () => {
    const text = `: ping\n\n${event(content('häl'))}${event(content('lo'))}${event(usage(5, 2))}${DONE}`;
    const bytes = Buffer.from(text);
    for (let cut = 1; cut < bytes.length; cut += 7) {
      const { engine } = await engineOver(stream(bytes.subarray(0, cut), bytes.subarray(cut)));
      const answer = await askEngine(engine, CHAT, {
        ...hello,
        stream: true,
        stream_options: { include_usage: true },
      });
      expect(answer.text).toBe(text);
      expect(answer.usage).toEqual({ promptTokens: 5, completionTokens: 2 });
    }
  });

  it('with CRLF line ends passes too', async () => {
    const text = `${event(content('a'))}${event(usage(5, 1))}${DONE}`.replaceAll('\n', '\r\n');
    const { engine } = await engineOver(stream(text));
    const answer = await askEngine(engine, CHAT, {
      ...hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(answer.text).toBe(text);
    expect(answer.usage).toEqual({ promptTokens: 5, completionTokens: 1 });
  });

  it('loses only the usage event that the client did not ask for', async () => {
    const { engine } = await engineOver(stream(event(content('a')), event(usage(5, 1)), DONE));
    const answer = await askEngine(engine, CHAT, { ...hello, stream: true });
    expect(answer.text).toBe(`${event(content('a'))}${DONE}`);
    expect(answer.usage).toEqual({ promptTokens: 5, completionTokens: 1 });
  });

  it('counts words and pieces until the engine says, and believes it within the bounds only', async () => {
    const { engine } = await engineOver(stream(event(content('a')), event(usage(10 ** 9, 10 ** 9)), DONE));
    const answer = await askEngine(engine, CHAT, { ...hello, stream: true });
    expect(answer.usage).toEqual({ promptTokens: answer.estimate.promptTokens, completionTokens: 10 });
    const meter = new UsageMeter({ minPromptTokens: 3, maxPromptTokens: 50, maxCompletionTokens: 4 });
    const deltas = [
      { role: 'assistant', content: '' },
      { content: 'a' },
      { tool_calls: [{}] },
      { reasoning: 'b' },
    ];
    const counts = deltas.map((delta) => {
      meter.read({ choices: [{ index: 0, delta }] });
      return meter.usage.completionTokens;
    });
    expect(counts).toEqual([0, 1, 2, 3]);
    expect(meter.usage.promptTokens).toBe(3);
  });

  it('that brings more than was asked for is broken off: ENGINE_FAILED', async () => {
    const { engine } = await engineOver(stream(...Array.from({ length: 50 }, () => event(content('a')))));
    await expect(askEngine(engine, CHAT, { ...hello, stream: true })).rejects.toEqual(
      refusedWith('ENGINE_FAILED'),
    );
  });

  it('that is malformed, cut off, an error or without end is ENGINE_FAILED', async () => {
    const bad: readonly Answer[] = [
      stream(event(content('a'))),
      stream(event(content('a')).slice(0, -10)),
      stream('data: {"choices":[}\n\n', DONE),
      stream('data: 5\n\n', DONE),
      stream(event({ error: { message: 'x' } }), DONE),
      stream(event({ choices: [], usage: { prompt_tokens: -1, completion_tokens: 'x' } }), DONE),
      stream(Buffer.alloc((1 << 20) + 10, 'x')),
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(event(content('a')), () => response.destroy());
      },
      whole({ choices: [] }),
    ];
    for (const [index, answer] of bad.entries()) {
      const { engine } = await engineOver(answer);
      const asked = askEngine(engine, CHAT, { ...hello, stream: true });
      await expect(asked, `case ${index}`).rejects.toEqual(refusedWith('ENGINE_FAILED'));
    }
  });

  it('is closed upstream when it is aborted', async () => {
    let closed: () => void = () => undefined;
    const upstreamClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { engine } = await engineOver((response) => {
      response.once('close', closed);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(content('a')));
    });
    const controller = new AbortController();
    const reason = new Error('gone');
    const { response } = await startAnswer(
      engine,
      CHAT,
      { ...hello, stream: true },
      { signal: controller.signal },
    );
    const read = async (): Promise<void> => {
      for await (const chunk of response.chunks) if (chunk.bytes.length > 0) controller.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
    await upstreamClosed;
  });
});

describe('a buffered answer from upstream', () => {
  it('passes byte for byte', async () => {
    const text =
      '{ "choices": [ {"message": {"content": "x"}} ],\n "usage": {"prompt_tokens": 4, "completion_tokens": 2} }';
    const { engine } = await engineOver(whole(text));
    const answer = await askEngine(engine, CHAT, hello);
    expect(answer.text).toBe(text);
    expect(answer.usage).toEqual({ promptTokens: 4, completionTokens: 2 });
  });

  it('counts the least that it can be when usage is missing', async () => {
    const { engine } = await engineOver(whole({ choices: [{ message: { content: 'x y' } }] }));
    expect((await askEngine(engine, CHAT, hello)).usage).toEqual({ promptTokens: 3, completionTokens: 1 });
  });

  it('that is malformed or too large is ENGINE_FAILED', async () => {
    const bad = ['', '{', '[]', JSON.stringify({ error: { message: 'x' } }), `"${'x'.repeat(17 << 20)}"`];
    for (const text of bad) {
      const { engine } = await engineOver(whole(text));
      await expect(askEngine(engine, CHAT, hello)).rejects.toEqual(refusedWith('ENGINE_FAILED'));
    }
  });

  it('that never comes ends with ENGINE_FAILED', async () => {
    const { engine } = await engineOver(() => undefined, { idleTimeoutMs: 50 });
    await expect(askEngine(engine, CHAT, hello)).rejects.toEqual(refusedWith('ENGINE_FAILED'));
  });
});

describe('a refusal from upstream', () => {
  const tooLong = {
    error: { message: "This model's maximum context length is 64 tokens", type: 'x', code: 400 },
  };
  const cases: readonly (readonly [number, object, string])[] = [
    [400, { error: { message: 'bad' } }, 'ENGINE_REQUEST'],
    [422, {}, 'ENGINE_REQUEST'],
    [400, tooLong, 'ENGINE_CONTEXT'],
    [413, {}, 'ENGINE_CONTEXT'],
    [404, {}, 'ENGINE_UNSUPPORTED'],
    [429, {}, 'ENGINE_BUSY'],
    [503, {}, 'ENGINE_BUSY'],
    [401, {}, 'ENGINE_FAILED'],
    [500, {}, 'ENGINE_FAILED'],
    [302, {}, 'ENGINE_FAILED'],
  ];
  it('gets the code that its status means, and none of its text', async () => {
    for (const [status, body, code] of cases) {
      const { engine } = await engineOver(whole(body, status));
      const refused = askEngine(engine, CHAT, hello);
      await expect(refused, String(status)).rejects.toEqual(
        expect.objectContaining({ code, message: expect.not.stringContaining('maximum') as unknown }),
      );
    }
  });
});

describe('limits', () => {
  it('bound the requests at a time: ENGINE_BUSY', async () => {
    const { engine } = await engineOver(stream(event(content('a'))), { maxConcurrent: 1 });
    const { response } = await startAnswer(engine, CHAT, { ...hello, stream: true });
    await expect(startAnswer(engine, CHAT, hello)).rejects.toEqual(refusedWith('ENGINE_BUSY'));
    const rest = (async (): Promise<void> => {
      for await (const chunk of response.chunks) expect(chunk.bytes.length).toBeGreaterThan(0);
    })();
    await expect(rest).rejects.toEqual(refusedWith('ENGINE_FAILED'));
    await expect(askEngine(engine, CHAT, hello)).rejects.toEqual(refusedWith('ENGINE_FAILED'));
  });

  it('bound the cost from above, and ask for max_tokens when the prompt might fill the context', async () => {
    const { engine } = await engineOver(whole({}));
    const long = { messages: [{ role: 'user', content: 'x'.repeat(5000) }] };
    await expect(startAnswer(engine, CHAT, long)).rejects.toEqual(refusedWith('ENGINE_CONTEXT'));
    const { estimate } = await startAnswer(engine, CHAT, { ...long, max_tokens: 5 });
    expect(estimate).toEqual({
      promptTokens: 4096,
      requestedCompletionTokens: 5,
      availableCompletionTokens: 4095,
    });
  });

  it('keep to the endpoints that are served: ENGINE_UNSUPPORTED', async () => {
    const { engine, seen } = await engineOver(whole({}));
    const asked = startAnswer(engine, '/v1/embeddings', { input: 'x' });
    await expect(asked).rejects.toEqual(refusedWith('ENGINE_UNSUPPORTED'));
    expect(seen).toEqual([]);
  });
});
