import { decodeUtf8, encodeUtf8, parseJson } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CostedRequest, costRequest, type InferenceEndpoint } from '../src/request-cost.ts';

const cost = (body: unknown, endpoint: InferenceEndpoint = '/v1/chat/completions'): CostedRequest =>
  costRequest(endpoint, encodeUtf8(typeof body === 'string' ? body : JSON.stringify(body)), 77);

describe('costRequest', () => {
  it('a limit that is named stays, byte for byte', () => {
    const body = '{ "max_tokens" : 5,\n "messages": [] }';
    expect(decodeUtf8(cost(body).body)).toBe(body);
    expect(cost(body).maxCompletionTokens).toBe(5);
    expect(cost({ max_completion_tokens: 9 }).maxCompletionTokens).toBe(9);
  });

  it('a missing limit becomes the default, and nothing else changes', () => {
    const sent = cost(' {"messages": [1.50] , "x": {}}');
    expect(decodeUtf8(sent.body)).toBe('{"max_tokens":77,"messages": [1.50] , "x": {}}');
    expect(sent.maxCompletionTokens).toBe(77);
    expect(decodeUtf8(cost('{}').body)).toBe('{"max_tokens":77}');
  });

  it('counts choices and prompts', () => {
    expect(cost({ max_tokens: 5, n: 3 }).maxCompletionTokens).toBe(15);
    expect(
      cost({ max_tokens: 5, n: 2, prompt: ['a', 'b', 'c'] }, '/v1/completions').maxCompletionTokens,
    ).toBe(30);
    expect(cost({ max_tokens: 5, prompt: [1, 2, 3] }, '/v1/completions').maxCompletionTokens).toBe(5);
    expect(cost({ input: 'x' }, '/v1/embeddings')).toMatchObject({ maxCompletionTokens: 0, stream: false });
  });

  it('the bound on prompt tokens is above one token per byte', () => {
    const body = { messages: ['x'.repeat(5000)] };
    expect(cost(body).maxPromptTokens).toBeGreaterThan(5000);
  });

  it.each(['', 'x', '[]', '"x"', 'null', '{"a":1,"a":2}', '{"max_tokens":null}', '\u{feff}{}'])(
    'CLIENT_REQUEST on %j',
    (body) => {
      expect(() => cost(body)).toThrow(expect.objectContaining({ code: 'CLIENT_REQUEST' }));
    },
  );

  it('CLIENT_REQUEST on invalid UTF-8', () => {
    expect(() => costRequest('/v1/embeddings', Uint8Array.of(0xff), 1)).toThrow(
      expect.objectContaining({ code: 'CLIENT_REQUEST' }),
    );
  });

  it('what is sent parses to what was meant plus the limit', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue()).filter((json) => !('__proto__' in json));
    fc.assert(
      fc.property(value, (json) => {
        const meant = { ...json };
        delete meant['max_tokens'];
        delete meant['max_completion_tokens'];
        const text = JSON.stringify(meant);
        if (!text.isWellFormed() || /__proto__|\d{16}|e[+-]?\d{2}/i.test(text)) return;
        const sent = cost(text);
        expect(parseJson(decodeUtf8(sent.body))).toEqual({ max_tokens: 77, ...(parseJson(text) as object) });
      }),
    );
  });
});
