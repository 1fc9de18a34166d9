import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { chatTemplate } from '../../../../scripts/tiny-model/chat-template.ts';
import { readCorpus } from '../../../../scripts/tiny-model/corpus.ts';
import { renderChat, templateJson } from '../../../../scripts/tiny-model/render-chat.ts';

const template = new Template(chatTemplate);

describe('chat template of the tiny model', () => {
  it('gives the text that the model was trained on, for every dialogue of the corpus', () => {
    for (const { messages, tools } of readCorpus().dialogues) {
      const wrapped = tools.map((tool) => ({ type: 'function', function: tool }));
      const expected = renderChat(messages, tools).map(({ text }) => text);
      expect(template.render({ messages, tools: wrapped })).toBe(expected.join(''));
    }
  });

  it('writes JSON as the tojson filter does', () => {
    const value = { a: [1, 'two', null, true, {}], b: { c: 1.5, d: [] } };
    expect(new Template('{{ v | tojson }}').render({ v: value })).toBe(templateJson(value));
  });

  it('opens the answer of the assistant', () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    expect(template.render({ messages, add_generation_prompt: true })).toBe(
      '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it('writes tool calls of the OpenAI shape as the model writes them', () => {
    const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } };
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: '1', content: 'y' },
    ];
    expect(template.render({ messages })).toBe(
      '<|im_start|>user\nx<|im_end|>\n' +
        '<|im_start|>assistant\n<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call><|im_end|>\n' +
        '<|im_start|>user\n<tool_response>y</tool_response><|im_end|>\n',
    );
  });
});
