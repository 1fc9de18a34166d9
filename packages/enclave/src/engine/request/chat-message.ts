import { type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { fieldError } from '../engine-error.ts';
import { RequestFields } from './request-fields.ts';

export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly name?: string;
  readonly toolCalls?: readonly ChatToolCall[];
  readonly toolCallId?: string;
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
const MAX_MESSAGES = 2048;
const MAX_PARTS = 256;

/** Throws `ENGINE_REQUEST`, or `ENGINE_UNSUPPORTED` for content other than text. */
export function readMessages(fields: RequestFields): readonly ChatMessage[] {
  const items = fields.array('messages', MAX_MESSAGES);
  if (items === undefined || items.length === 0) {
    throw fieldError('ENGINE_REQUEST', 'messages', 'expected at least one message');
  }
  return items.map((item, index) => readMessage(new RequestFields(item, `messages[${index}]`)));
}

function readMessage(fields: RequestFields): ChatMessage {
  const role = fields.oneOf('role', ROLES);
  if (role === undefined) throw fieldError('ENGINE_REQUEST', fields.param('role'), 'is missing');
  const toolCalls = role === 'assistant' ? readToolCalls(fields) : undefined;
  const content = readContent(fields, role === 'assistant');
  const name = fields.string('name');
  const toolCallId = role === 'tool' ? fields.requiredString('tool_call_id') : undefined;
  if (role === 'assistant') {
    fields.only('refusal');
    fields.only('audio');
    fields.only('annotations', []);
    fields.only('function_call');
  }
  fields.done();
  return {
    // OpenAI's newer name for the system role; no open model's template knows it.
    role: role === 'developer' ? 'system' : role,
    content,
    ...(name === undefined ? {} : { name }),
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...(toolCallId === undefined ? {} : { toolCallId }),
  };
}

function readContent(fields: RequestFields, mayBeAbsent: boolean): string {
  const value = fields.raw('content');
  const param = fields.param('content');
  if (value === undefined) {
    if (mayBeAbsent) return '';
    throw fieldError('ENGINE_REQUEST', param, 'is missing');
  }
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length > MAX_PARTS) {
    throw fieldError('ENGINE_REQUEST', param, 'expected a string or a list of parts');
  }
  return (value as readonly JsonValue[])
    .map((part, index) => readTextPart(new RequestFields(part, `${param}[${index}]`)))
    .join('\n');
}

function readTextPart(part: RequestFields): string {
  const type = part.requiredString('type');
  if (type !== 'text') throw fieldError('ENGINE_UNSUPPORTED', part.param('type'), 'only text is supported');
  const text = part.requiredString('text');
  part.done();
  return text;
}

function readToolCalls(fields: RequestFields): readonly ChatToolCall[] | undefined {
  const items = fields.array('tool_calls', MAX_PARTS);
  return items?.map((item, index) => {
    const call = new RequestFields(item, `${fields.param('tool_calls')}[${index}]`);
    call.only('type', 'function');
    call.ignore('index');
    const id = call.requiredString('id');
    const target = call.object('function');
    if (target === undefined) throw fieldError('ENGINE_REQUEST', call.param('function'), 'is missing');
    call.done();
    const name = target.requiredString('name');
    const text = target.requiredString('arguments');
    target.done();
    return { id, name, arguments: readArguments(text, target.param('arguments')) };
  });
}

/** Templates print arguments as an object, so the text that OpenAI uses is parsed first. */
function readArguments(text: string, param: string): JsonObject {
  try {
    const value = parseJson(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // The error below names the field, which the parser does not know.
  }
  throw fieldError('ENGINE_REQUEST', param, 'expected the JSON text of an object');
}
