import type { JsonObject, JsonValue } from '@dcml/core';
import type { ChatMessage } from '../request/chat-message.ts';
import type { ToolDefinition } from '../request/tool-choice.ts';
import type { ChatTemplate } from './chat-template.ts';
import { markText, unmarkText } from './marked-text.ts';

/** How a model writes a tool call: `prefix {"name": …, "arguments": …} suffix`. */
export interface ToolFormat {
  /** Text before the JSON, exactly as the template writes it; may be empty. */
  readonly prefix: string;
  readonly suffix: string;
  readonly nameKey: string;
  readonly argumentsKey: string;
}

const PROBE_NAME = 'probe_tool_q7';
const PROBE_ID = 'probe00q7';
const PROBE_ARGUMENTS = { probe_argument_q7: 'probe_value_q7' };
const PROBE_TOOL: ToolDefinition = { name: PROBE_NAME, parameters: { type: 'object', properties: {} } };
const PROBE_USER: ChatMessage = { role: 'user', content: 'probe' };
const PROBE_CALL: ChatMessage = {
  role: 'assistant',
  content: '',
  toolCalls: [{ id: PROBE_ID, name: PROBE_NAME, arguments: PROBE_ARGUMENTS }],
};

/**
 * Learns from the template how the model writes tool calls, by letting it print a conversation with one.
 * Null when the template has no tools, or writes calls in a form other than a JSON object.
 */
export function findToolFormat(template: ChatTemplate, endTokens: readonly string[]): ToolFormat | null {
  let question: string;
  let answered: string;
  try {
    question = template.render([PROBE_USER], [PROBE_TOOL]);
    answered = template.render([PROBE_USER, PROBE_CALL], [PROBE_TOOL], false);
  } catch {
    return null;
  }
  if (!question.includes(markText(PROBE_NAME)) || !answered.startsWith(question)) return null;
  const call = unmarkText(answered.slice(question.length));
  return readFormat(call, endTokens);
}

function readFormat(call: string, endTokens: readonly string[]): ToolFormat | null {
  for (let start = call.indexOf('{'); start !== -1; start = call.indexOf('{', start + 1)) {
    for (let end = call.indexOf('}', start); end !== -1; end = call.indexOf('}', end + 1)) {
      const keys = findKeys(tryParse(call.slice(start, end + 1)));
      if (keys === null) continue;
      const prefix = call.slice(0, start);
      const suffix = cutAtEnd(call.slice(end + 1), endTokens);
      // A form that wants the call's id in the text cannot be written without making ids up.
      return `${prefix}${suffix}`.includes(PROBE_ID) ? null : { prefix, suffix, ...keys };
    }
  }
  return null;
}

function findKeys(value: JsonValue | undefined): Pick<ToolFormat, 'nameKey' | 'argumentsKey'> | null {
  if (value === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const entries = Object.entries(value as JsonObject);
  const nameKey = entries.find(([, item]) => item === PROBE_NAME)?.[0];
  const argumentsKey = entries.find(
    ([, item]) => JSON.stringify(item) === JSON.stringify(PROBE_ARGUMENTS),
  )?.[0];
  return nameKey === undefined || argumentsKey === undefined ? null : { nameKey, argumentsKey };
}

function cutAtEnd(suffix: string, endTokens: readonly string[]): string {
  const ends = endTokens.map((token) => suffix.indexOf(token)).filter((at) => at !== -1);
  return ends.length === 0 ? suffix : suffix.slice(0, Math.min(...ends));
}

function tryParse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Schema of the JSON object that calls one of `tools`. */
export function toolCallSchema(format: ToolFormat, tools: readonly ToolDefinition[]): JsonObject {
  const calls = tools.map(
    (tool): JsonObject => ({
      type: 'object',
      properties: { [format.nameKey]: { const: tool.name }, [format.argumentsKey]: tool.parameters },
      required: [format.nameKey, format.argumentsKey],
    }),
  );
  return calls.length === 1 ? calls[0]! : { anyOf: calls };
}
