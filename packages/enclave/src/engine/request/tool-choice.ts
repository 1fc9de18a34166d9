import type { JsonObject } from '@dcml/core';
import { fieldError } from '../engine-error.ts';
import { RequestFields } from './request-fields.ts';

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly parameters: JsonObject;
}

/** `none`: answer in text; `auto`: the model decides; `required`: call one of `tools`. */
export interface ToolSelection {
  readonly mode: 'none' | 'auto' | 'required';
  readonly tools: readonly ToolDefinition[];
  readonly parallel: boolean;
}

const MAX_TOOLS = 128;
const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {} };

/** Throws `ENGINE_REQUEST`. A choice by name becomes `required` with that tool alone. */
export function readToolSelection(fields: RequestFields): ToolSelection {
  const tools = (fields.array('tools', MAX_TOOLS) ?? []).map((item, index) =>
    readTool(new RequestFields(item, `tools[${index}]`)),
  );
  const names = new Set(tools.map((tool) => tool.name));
  if (names.size !== tools.length) throw fieldError('ENGINE_REQUEST', 'tools', 'two tools have one name');
  const parallel = fields.boolean('parallel_tool_calls') ?? true;
  const choice = fields.raw('tool_choice');
  if (choice === undefined) return { mode: tools.length > 0 ? 'auto' : 'none', tools, parallel };
  if (choice === 'none') return { mode: 'none', tools, parallel };
  if (tools.length === 0) throw fieldError('ENGINE_REQUEST', 'tool_choice', 'needs tools');
  if (choice === 'auto' || choice === 'required') return { mode: choice, tools, parallel };
  const named = readNamedChoice(new RequestFields(choice, 'tool_choice'));
  const tool = tools.find((candidate) => candidate.name === named);
  if (tool === undefined) throw fieldError('ENGINE_REQUEST', 'tool_choice', 'names no tool of the request');
  return { mode: 'required', tools: [tool], parallel: false };
}

function readNamedChoice(choice: RequestFields): string {
  if (choice.oneOf('type', ['function']) === undefined) {
    throw fieldError('ENGINE_REQUEST', 'tool_choice.type', 'is missing');
  }
  const target = choice.object('function');
  if (target === undefined) throw fieldError('ENGINE_REQUEST', 'tool_choice.function', 'is missing');
  const name = target.requiredString('name');
  target.done();
  choice.done();
  return name;
}

function readTool(fields: RequestFields): ToolDefinition {
  if (fields.requiredString('type') !== 'function') {
    throw fieldError('ENGINE_UNSUPPORTED', fields.param('type'), 'only functions are supported');
  }
  const target = fields.object('function');
  if (target === undefined) throw fieldError('ENGINE_REQUEST', fields.param('function'), 'is missing');
  fields.done();
  const name = target.requiredString('name');
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw fieldError('ENGINE_REQUEST', target.param('name'), 'expected 1 to 64 of a-z, A-Z, 0-9, _ and -');
  }
  const description = target.string('description');
  const parameters = target.raw('parameters') ?? NO_ARGUMENTS;
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    throw fieldError('ENGINE_REQUEST', target.param('parameters'), 'expected a JSON schema');
  }
  target.ignore('strict');
  target.done();
  return {
    name,
    ...(description === undefined ? {} : { description }),
    parameters: parameters as JsonObject,
  };
}
