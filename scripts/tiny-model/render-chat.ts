import type { JsonValue } from '@dcml/core';
import { specialTokens, type Tokenizer } from './tokenizer.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

/** One turn of text and whether the model is to learn to write it. */
export interface ChatPart {
  readonly text: string;
  readonly isLearnt: boolean;
}

/** JSON with a space after `:` and `,`, as the `tojson` filter of templates writes it. */
export function templateJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map((item) => templateJson(item as JsonValue)).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${templateJson(item as JsonValue)}`,
  );
  return `{${members.join(', ')}}`;
}

function systemTurn(messages: readonly ChatMessage[], tools: readonly JsonValue[]): string {
  const own = messages[0]?.role === 'system' ? messages[0].content : undefined;
  if (tools.length === 0) return own === undefined ? '' : `<|im_start|>system\n${own}<|im_end|>\n`;
  const list = tools.map((tool) => `${templateJson(tool)}\n`).join('');
  const rule = 'Call a tool with <tool_call>{"name": ..., "arguments": ...}</tool_call>.';
  return `<|im_start|>system\n${own === undefined ? '' : `${own}\n\n`}Tools:\n${list}${rule}<|im_end|>\n`;
}

/** The text that the chat template gives for a training dialogue (`tools` are bare function objects). */
export function renderChat(messages: readonly ChatMessage[], tools: readonly JsonValue[] = []): ChatPart[] {
  const parts: ChatPart[] = [{ text: systemTurn(messages, tools), isLearnt: false }];
  for (const { role, content } of messages) {
    if (role === 'system') continue;
    const shown = role === 'tool' ? `<tool_response>${content}</tool_response>` : content;
    parts.push({ text: `<|im_start|>${role === 'tool' ? 'user' : role}\n`, isLearnt: false });
    parts.push({ text: `${shown}<|im_end|>`, isLearnt: role === 'assistant' });
    parts.push({ text: '\n', isLearnt: false });
  }
  return parts.filter(({ text }) => text.length > 0);
}

const SPECIAL = new RegExp(`(${specialTokens.map((token) => token.replaceAll('|', '\\|')).join('|')})`);

/** Ids of text in which the special tokens are recognised. */
export function encodeChat(tokenizer: Tokenizer, text: string): number[] {
  return text.split(SPECIAL).flatMap((fragment) => {
    const special = (specialTokens as readonly string[]).indexOf(fragment);
    return special >= 0 ? [special] : tokenizer.encode(fragment);
  });
}
