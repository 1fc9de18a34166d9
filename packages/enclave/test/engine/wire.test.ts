import { describe, expect, it } from 'vitest';
import { AnswerStream } from '../../src/engine/wire/answer-stream.ts';
import type { AnswerHead, ChoiceUpdate } from '../../src/engine/wire/answer-wire.ts';
import { createChatWire } from '../../src/engine/wire/chat-wire.ts';
import { createTextWire } from '../../src/engine/wire/text-wire.ts';

const head: AnswerHead = {
  id: 'chatcmpl-1',
  created: 5,
  model: 'm"x',
  fingerprint: 'fp_1',
  logprobs: false,
  includeUsage: true,
};
const update = (text: string, more: Partial<ChoiceUpdate> = {}): ChoiceUpdate => ({
  index: 0,
  text,
  logprobs: [],
  toolCalls: [],
  finish: null,
  delivered: 1,
  ...more,
});
const usage = { promptTokens: 3, completionTokens: 2 };

describe('chat chunks', () => {
  it('have the exact members of OpenAI', () => {
    const wire = createChatWire(head);
    const chunk = (choices: string, last: string): string =>
      `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m\\"x","system_fingerprint":"fp_1","choices":[${choices}],"usage":${last}}\n\n`;
    expect(wire.event(update('a"\n'))).toBe(
      chunk(
        '{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}',
        'null',
      ) + chunk('{"index":0,"delta":{"content":"a\\"\\n"},"logprobs":null,"finish_reason":null}', 'null'),
    );
    expect(wire.event(update('', { finish: 'stop' }))).toBe(
      chunk('{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}', 'null'),
    );
    expect(wire.end(usage)).toBe(
      `${chunk('', '{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}')}data: [DONE]\n\n`,
    );
  });

  it('number tool calls over the whole answer', () => {
    const wire = createChatWire({ ...head, includeUsage: false });
    const call = { id: 'c', name: 'f', arguments: '{}' };
    const events =
      wire.event(update('', { toolCalls: [call] })) + wire.event(update('', { toolCalls: [call] }));
    expect([...events.matchAll(/"tool_calls":\[\{"index":(\d)/g)].map((match) => match[1])).toEqual([
      '0',
      '1',
    ]);
    expect(events).not.toContain('usage');
    expect(wire.end(usage)).toBe('data: [DONE]\n\n');
  });
});

describe('text chunks', () => {
  it('have the exact members of OpenAI', () => {
    const wire = createTextWire({ ...head, includeUsage: false, model: 'm' });
    expect(wire.event(update('a', { finish: 'length' }))).toBe(
      'data: {"id":"chatcmpl-1","object":"text_completion","created":5,"model":"m","system_fingerprint":"fp_1","choices":[{"text":"a","index":0,"logprobs":null,"finish_reason":"length"}]}\n\n',
    );
    expect(wire.event(update(''))).toBe('');
  });
});

describe('AnswerStream', () => {
  const create = (buffered: boolean, onReturn = (): void => undefined): AnswerStream =>
    new AnswerStream({ wire: createTextWire(head), promptTokens: 3, choices: 2, buffered, onReturn });

  it('puts what is ready into one chunk and counts it as delivered with that chunk', async () => {
    const stream = create(false);
    stream.push(update('a'));
    stream.push(update('b', { delivered: 2 }));
    stream.push(update('c', { index: 1 }));
    const first = await stream.next();
    const text = Buffer.from(first.value!.bytes).toString();
    expect(text.match(/data: /g)).toHaveLength(2);
    expect(text).toContain('"text":"ab"');
    expect(first.value!.usage).toEqual({ promptTokens: 3, completionTokens: 3 });
    stream.push(update('', { finish: 'stop', delivered: 2 }));
    stream.push(update('', { index: 1, finish: 'stop', delivered: 1 }));
    const last = await stream.next();
    expect(Buffer.from(last.value!.bytes).toString()).toContain('[DONE]');
    expect((await stream.next()).done).toBe(true);
  });

  it('gives a waiting reader each token at once', async () => {
    const stream = create(false);
    const waiting = stream.next();
    stream.push(update('a'));
    expect(Buffer.from((await waiting).value!.bytes).toString()).toContain('"a"');
  });

  it('makes the makers wait for a reader that is slow', async () => {
    const stream = create(false);
    for (let i = 0; i < 64; i++) stream.push(update('a'));
    const room = stream.room();
    expect(room).not.toBeNull();
    await stream.next();
    await room;
    expect(stream.room()).toBeNull();
    expect(create(true).room()).toBeNull();
  });

  it('ends with the error, once, and drops what is unread', async () => {
    const stream = create(false);
    stream.push(update('a'));
    stream.fail(new Error('gone'));
    await expect(stream.next()).rejects.toThrow('gone');
    expect((await stream.next()).done).toBe(true);
  });

  it('tells when its reader stops', async () => {
    let returned = 0;
    const stream = create(false, () => {
      returned++;
    });
    stream.push(update('a'));
    for await (const chunk of stream) if (chunk.bytes.length > 0) break;
    expect(returned).toBe(1);
  });
});
