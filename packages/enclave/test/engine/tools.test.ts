import { type AnswerObject, askEngine, parseStream, startAnswer } from '@dcml/testing/engine';
import fc from 'fast-check';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { ChatTemplate } from '../../src/engine/llama/chat-template.ts';
import { ToolCallReader } from '../../src/engine/llama/tool-call-reader.ts';
import { findToolFormat, type ToolFormat } from '../../src/engine/llama/tool-format.ts';
import { createTinyEngine } from './tiny-engine.ts';

const CHAT = '/v1/chat/completions';
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather in a city',
    parameters: { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'] },
  },
};
const time = { type: 'function', function: { name: 'get_time', description: 'The time of day' } };
const ask = {
  messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
  temperature: 0,
  max_tokens: 60,
};

describe('tool calls of the model', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createTinyEngine();
  });
  afterAll(() => engine.close());

  async function message(body: object): Promise<OpenAI.ChatCompletion.Choice> {
    const answer = await askEngine(engine, CHAT, { ...ask, ...body });
    return (JSON.parse(answer.text) as OpenAI.ChatCompletion).choices[0]!;
  }

  it('are made when required, whatever the model would like to say', async () => {
    const choice = await message({
      tools: [weather, time],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    });
    expect(choice.finish_reason).toBe('tool_calls');
    expect(choice.message.content).toBeNull();
    const [call] = choice.message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } });
    expect(['Paris', 'Rome']).toContain((JSON.parse(call!.function.arguments) as { city: string }).city);
    const any = await message({ tools: [weather], tool_choice: 'required' });
    expect(any.message.tool_calls).toHaveLength(1);
  });

  it('are the same in a stream', async () => {
    const body = { ...ask, tools: [weather], tool_choice: 'required' };
    const whole = (JSON.parse((await askEngine(engine, CHAT, body)).text) as OpenAI.ChatCompletion)
      .choices[0]!;
    const streamed = await askEngine(engine, CHAT, { ...body, stream: true });
    const deltas = (parseStream(streamed.text) as unknown as OpenAI.ChatCompletionChunk[]).map(
      (event) => event.choices[0]!,
    );
    const calls = deltas.flatMap((choice) => choice.delta.tool_calls ?? []);
    expect(calls).toEqual(whole.message.tool_calls!.map((call, index) => ({ index, ...call })));
    expect(deltas.at(-1)!.finish_reason).toBe('tool_calls');
  });

  it('that are cut off are delivered as text', async () => {
    const choice = await message({ tools: [weather], tool_choice: 'required', max_tokens: 4 });
    expect(choice.finish_reason).toBe('length');
    expect(choice.message.content).toMatch(/^\s*\{/);
  });

  it('are left to the model with auto, and cannot be made with none', async () => {
    const free = await message({ tools: [weather, time] });
    expect(['stop', 'tool_calls', 'length']).toContain(free.finish_reason);
    const none = await message({ tools: [weather], tool_choice: 'none' });
    expect(none.message.tool_calls).toBeUndefined();
  });

  it('go back to the model with their results', async () => {
    const history = [
      ...ask.messages,
      {
        role: 'assistant',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '{"weather": "sunny"}' },
    ];
    expect((await message({ messages: history, tools: [weather] })).finish_reason).toBe('stop');
    const broken = [
      { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{' } }] },
    ];
    await expect(startAnswer(engine, CHAT, { messages: broken })).rejects.toMatchObject({
      code: 'ENGINE_REQUEST',
    });
  });

  it('follow a JSON schema when one is given for the answer', async () => {
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' }, n: { enum: [1, 2] } },
      required: ['ok', 'n'],
    };
    const format = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } };
    const answer = await askEngine(engine, CHAT, { ...ask, response_format: format });
    const choice = (JSON.parse(answer.text) as AnswerObject).choices[0]!;
    expect(choice.finish_reason).toBe('stop');
    expect(JSON.parse(choice.message!.content!)).toEqual({
      ok: expect.any(Boolean) as unknown,
      n: expect.any(Number) as unknown,
    });
    const pattern = {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { type: 'string', pattern: 'a' } },
    };
    await expect(startAnswer(engine, CHAT, { ...ask, response_format: pattern })).rejects.toMatchObject({
      code: 'ENGINE_UNSUPPORTED',
      message: expect.stringContaining('pattern') as unknown,
    });
  });

  it('are refused by name where the template has none: ENGINE_UNSUPPORTED', async () => {
    const chatTemplate = '{% for m in messages %}{{ m.content }}{% endfor %}';
    const plain = await createTinyEngine({ chatTemplate, maxSequences: 1 });
    await expect(startAnswer(plain, CHAT, { ...ask, tools: [weather] })).rejects.toMatchObject({
      code: 'ENGINE_UNSUPPORTED',
      message: expect.stringContaining('tiny') as unknown,
    });
    await plain.close();
  });
});

describe('the form of tool calls', () => {
  const turn = (call: string): string =>
    `{% for t in tools %}{{ t | tojson }}{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}` +
    `{% if m.tool_calls %}${call}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}`;
  const one = (body: string): string => `{% for c in m.tool_calls %}${body}{% endfor %}`;
  const find = (source: string): ToolFormat | null =>
    findToolFormat(new ChatTemplate(source, { bos: '', eos: '' }), ['<|im_end|>']);
  const named = '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}';

  it('is learned from the template', () => {
    expect(find(turn(one(`<tool_call>\n${named}\n</tool_call>`)))).toEqual({
      prefix: '<tool_call>\n',
      suffix: '\n</tool_call>',
      nameKey: 'name',
      argumentsKey: 'arguments',
    });
    expect(find(turn(`[TOOL_CALLS][${one(named)}]`))).toMatchObject({ prefix: '[TOOL_CALLS][', suffix: ']' });
    const bare = '{"name": "{{ c.function.name }}", "parameters": {{ c.function.arguments | tojson }}}';
    expect(find(turn(one(bare)))).toMatchObject({ prefix: '', suffix: '', argumentsKey: 'parameters' });
  });

  it('is not guessed: other forms count as no tools', () => {
    expect(find(turn(one('<f>{{ c.function.name }}</f>')))).toBeNull();
    expect(find(turn(one(`${named}#{{ c.id }}`)))).toBeNull();
    expect(find('{{ messages[0].content }}')).toBeNull();
    expect(find("{{ raise_exception('no') }}")).toBeNull();
  });
});

describe('reading tool calls', () => {
  const format = {
    prefix: '<tool_call>\n',
    suffix: '\n</tool_call>',
    nameKey: 'name',
    argumentsKey: 'arguments',
  };
  const call = (name: string): string =>
    `<tool_call>{"name": "${name}", "arguments": {"a": "</x>"}}</tool_call>`;
  const read = (
    text: string,
    cuts: readonly number[],
    options: { format?: ToolFormat; parallel?: boolean } = {},
  ) => {
    const reader = new ToolCallReader({
      format: options.format ?? format,
      names: new Set(['f', 'g']),
      parallel: options.parallel ?? true,
      inCall: false,
      makeId: (index) => `id${index}`,
    });
    const ends = [...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
    let start = 0;
    let out = '';
    const names: string[] = [];
    const take = (reading: ReturnType<ToolCallReader['push']>): void => {
      out += reading.text;
      names.push(...reading.toolCalls.map((one) => `${one.id}:${one.name}`));
    };
    for (const end of ends) {
      take(reader.push(text.slice(start, end)));
      start = end;
    }
    take(reader.finish());
    return { out, names };
  };

  it('does not depend on where tokens cut the text', () => {
    const texts = [
      'plain',
      `before${call('f')}`,
      `${call('f')}\n${call('g')}`,
      `${call('f')} after`,
      `<tool_call>{"na`,
      call('unknown'),
      '<tool',
      '<tool_call>x</tool_call>y',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(fc.nat()), (text, cuts) => {
        expect(read(text, cuts)).toEqual(read(text, []));
      }),
    );
  });

  it('keeps as text what is no valid call of a known tool', () => {
    expect(read(call('unknown'), [])).toEqual({ out: call('unknown'), names: [] });
    expect(read('<tool_call>{"na', [])).toEqual({ out: '<tool_call>{"na', names: [] });
    expect(read(`before${call('f')}`, [])).toEqual({ out: 'before', names: ['id0:f'] });
    expect(read(`${call('f')}\n${call('g')}`, [])).toEqual({ out: '', names: ['id0:f', 'id1:g'] });
  });

  it('takes one call when calls must not be parallel', () => {
    expect(read(`${call('f')}\n${call('g')}`, [], { parallel: false }).names).toEqual(['id0:f']);
  });

  it('understands lists and bare objects', () => {
    const list = { ...format, prefix: '[TOOL_CALLS][', suffix: ']' };
    const two = '[TOOL_CALLS][{"name":"f","arguments":{}}, {"name":"g","arguments":{}}]';
    expect(read(two, [3, 20], { format: list }).names).toEqual(['id0:f', 'id1:g']);
    const bare = { ...format, prefix: '', suffix: '' };
    expect(read('{"name":"f","arguments":{}}', [5], { format: bare }).names).toEqual(['id0:f']);
    expect(read('{"just":"json"}', [5], { format: bare })).toEqual({ out: '{"just":"json"}', names: [] });
    expect(read('text {"name":"f","arguments":{}}', [2], { format: bare }).names).toEqual([]);
  });
});
