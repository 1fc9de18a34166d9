import type { JsonObject, JsonValue } from '@dcml/core';
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaGrammar } from '../../src/engine/llama/schema-grammar.ts';

let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({
    gpu: false,
    build: 'never',
    progressLogs: false,
    logLevel: LlamaLogLevel.disabled,
  });
});
afterAll(() => llama.dispose());

/** Whether the grammar accepts the text as a whole. */
async function acceptor(schema: JsonObject): Promise<(text: string) => boolean> {
  const grammar = await llama.createGrammar({ grammar: schemaGrammar(schema, 'response_format') });
  // The library has this for its own tests; its types leave it out.
  const { _testText: test } = grammar as unknown as { readonly _testText: (text: string) => boolean };
  return (text) => test.call(grammar, text);
}

interface Case {
  readonly schema: JsonObject;
  readonly good: readonly JsonValue[];
  readonly bad: readonly JsonValue[];
}

const cases: readonly Case[] = [
  { schema: { type: 'object' }, good: [{}, { a: { b: [1, null, 'x'] } }], bad: [[], 1, 'x'] },
  {
    schema: {
      type: 'object',
      properties: {
        a: { type: 'integer' },
        b: { type: 'string', maxLength: 3 },
        c: { enum: ['x', 1, null, 'q"\\u'] },
      },
      required: ['b'],
    },
    good: [{ b: 'abc' }, { a: 1, b: '' }, { a: -1, b: 'é😀a', c: 'q"\\u' }, { b: 'x', c: null }],
    bad: [{}, { a: 1 }, { b: 'abcd' }, { c: 1, b: 'x' }, { b: 'x', d: 1 }, { a: 1.5, b: 'x' }],
  },
  {
    schema: {
      type: 'object',
      properties: { list: { $ref: '#/$defs/node' } },
      $defs: {
        node: {
          anyOf: [
            { type: 'null' },
            {
              type: 'object',
              properties: { value: { type: 'number' }, next: { $ref: '#/$defs/node' } },
              required: ['value', 'next'],
            },
          ],
        },
      },
    },
    good: [{}, { list: null }, { list: { value: 1.5, next: { value: -2, next: null } } }],
    bad: [{ list: { value: 1 } }, { list: { next: null } }],
  },
  {
    schema: { type: 'array', items: { type: ['string', 'null'] }, minItems: 1, maxItems: 3 },
    good: [['a'], [null, 'b', 'c']],
    bad: [[], [1], ['a', 'b', 'c', 'd']],
  },
  {
    schema: { type: 'object', additionalProperties: { type: 'boolean' } },
    good: [{}, { a: true }],
    bad: [{ a: 1 }],
  },
  { schema: { type: 'object', additionalProperties: false }, good: [{}], bad: [{ a: 1 }] },
  { schema: { const: { a: [1] } }, good: [{ a: [1] }], bad: [{ a: [2] }] },
  { schema: { type: 'array', maxItems: 0 }, good: [[]], bad: [[1]] },
  { schema: { title: 'anything' }, good: [1, 'x', null, [true]], bad: [] },
];

describe('the grammar of a JSON schema', () => {
  it('accepts what the schema accepts, and nothing else', async () => {
    for (const { schema, good, bad } of cases) {
      const accepts = await acceptor(schema);
      for (const value of good)
        expect(accepts(JSON.stringify(value)), JSON.stringify([schema, value])).toBe(true);
      for (const value of bad)
        expect(accepts(JSON.stringify(value)), JSON.stringify([schema, value])).toBe(false);
      for (const value of good) {
        const text = JSON.stringify(value);
        const cut = text.slice(0, -1);
        if (typeof value !== 'number') expect(accepts(cut), cut).toBe(false);
      }
    }
  });

  it('accepts no lone surrogate and no raw control character', async () => {
    const accepts = await acceptor({ type: 'string' });
    expect(accepts('"\\ud800"')).toBe(false);
    expect(accepts('"\n"')).toBe(false);
    expect(accepts('"\\u00e9\\n\\""')).toBe(true);
  });

  it('refuses what it would have to ignore: ENGINE_UNSUPPORTED', () => {
    const refused: readonly JsonObject[] = [
      { type: 'string', pattern: 'a' },
      { type: 'string', format: 'email' },
      { type: 'number', minimum: 1 },
      { type: 'object', patternProperties: {} },
      { type: 'object', properties: { a: {} }, required: ['b'] },
      { type: 'array', uniqueItems: true },
      { type: 'array', minItems: 3, maxItems: 2 },
      { type: 'string', maxLength: 5000 },
      { type: 'string', minLength: 3, maxLength: 2 },
      { type: 'wrong' },
      { allOf: [] },
      { not: {} },
      { enum: [] },
      { anyOf: [] },
      { $ref: '#/properties/a' },
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } },
      { type: 'object', properties: { a: false } },
      { type: 'object', properties: [] },
      { type: 'object', required: 'a' },
    ];
    for (const schema of refused) {
      expect(() => schemaGrammar(schema, 'response_format'), JSON.stringify(schema)).toThrow(
        expect.objectContaining({ code: 'ENGINE_UNSUPPORTED', details: { param: 'response_format' } }),
      );
    }
  });
});
