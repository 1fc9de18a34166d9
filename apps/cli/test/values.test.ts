import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDeltas } from '../src/client/read-deltas.ts';
import { formatWei } from '../src/program/format-amount.ts';
import { parseAmount, parseCount, parseNumber, parseTime } from '../src/program/read-option.ts';
import { parseHostSettings } from '../src/settings/host-settings.ts';

describe('amounts', () => {
  it.each([
    ['1eth', 10n ** 18n],
    ['0.05eth', 5n * 10n ** 16n],
    ['20gwei', 20n * 10n ** 9n],
    ['7', 7n],
    ['7wei', 7n],
    ['0.000000000000000001ETH', 1n],
  ])('reads %s', (text, wei) => {
    expect(parseAmount('deposit', text)).toBe(wei);
  });

  it.each(['', '1.5', '-1eth', '1e3', '1 btc', '0x10', '1.0000000000000000001eth', '1,5eth'])(
    'refuses %j',
    (text) => {
      expect(() => parseAmount('deposit', text)).toThrow('--deposit:');
    },
  );

  it('prints exactly: what is printed reads back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (wei) => {
        expect(parseAmount('x', formatWei(wei).replace(' ', ''))).toBe(wei);
      }),
    );
  });
});

describe('times and numbers', () => {
  it.each([
    ['1795382680', 1795382680000],
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2026-11-22T10:00:00Z', Date.UTC(2026, 10, 22, 10)],
    ['2026-11-22T10:00:00+02:00', Date.UTC(2026, 10, 22, 8)],
  ])('reads %s', (text, time) => {
    expect(parseTime('at', text)).toBe(time);
  });

  it.each(['yesterday', '2026-13-01', '2026-11-22T10:00:00', '22.11.2026', ''])(
    'refuses %j as time',
    (text) => {
      expect(() => parseTime('at', text)).toThrow('--at: expected a time');
    },
  );

  it('keeps numbers within their bounds', () => {
    expect(parseNumber('temperature', '0.7', 0, 2)).toBe(0.7);
    expect(() => parseNumber('temperature', '2.1', 0, 2)).toThrow('from 0 to 2');
    expect(() => parseNumber('temperature', 'NaN', 0, 2)).toThrow('from 0 to 2');
    expect(() => parseCount('seed', '1.5')).toThrow('whole number');
  });
});

describe('readDeltas', () => {
  const event = (content: string): string =>
    `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

  it('gives the text whatever the frames cut, and the end of the stream', async () => {
    const words = ['Grüße', ' an ', '世界', '🌍'];
    const bytes = Buffer.from(`: comment\n\n${words.map(event).join('')}data: [DONE]\n\n`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        async (sizes) => {
          async function* frames(): AsyncGenerator<Uint8Array, string> {
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const size = sizes[i % sizes.length]!;
              yield bytes.subarray(at, at + size);
              at += size;
            }
            return 'the end';
          }
          const deltas = readDeltas(frames());
          let text = '';
          let step = await deltas.next();
          for (; step.done !== true; step = await deltas.next()) text += step.value;
          expect([text, step.value]).toEqual([words.join(''), 'the end']);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('the host settings of docs/guide/cli.md', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guide/cli.md'), 'utf8');
  const [, text = ''] = /```json host-settings\n([\s\S]*?)```/.exec(guide) ?? [];
  const example = JSON.parse(text) as Record<string, unknown>;

  it('are read', () => {
    expect(parseHostSettings(parseJson(text))).toMatchObject({ chainId: 1, fromBlock: 21_000_000n });
  });

  it('CORE_FIELD: are refused with an unknown member', () => {
    const more = parseJson(JSON.stringify({ ...example, colour: 'blue' }));
    expect(() => parseHostSettings(more)).toThrow('settings.colour: is not a known field');
  });

  it('CORE_FIELD: are refused without any of the needed members', () => {
    for (const name of Object.keys(example)) {
      if (['offer_lifetime_seconds', 'collateral_file', 'from_block'].includes(name)) continue;
      const { [name]: _, ...rest } = example;
      expect(() => parseHostSettings(parseJson(JSON.stringify(rest))), name).toThrow(`settings.${name}`);
    }
  });
});
