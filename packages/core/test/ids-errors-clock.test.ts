import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../src/clock.ts';
import { CoreError, coreErrors } from '../src/core-error.ts';
import { DcmlError, type ErrorCatalogue, isDcmlError } from '../src/errors.ts';
import { asAddress, asChallenge, asChannelId, asModelHash } from '../src/ids.ts';

const badEncoding = expect.objectContaining({ code: 'CORE_ENCODING' });

describe('ids', () => {
  it.each([
    ['model hash', asModelHash],
    ['channel id', asChannelId],
    ['challenge', asChallenge],
  ] as const)('%s: 32 bytes of lowercase hex', (_, as) => {
    const text = `0x${'a0'.repeat(32)}`;
    expect(as(text)).toBe(text);
    for (const wrong of [
      '',
      '0x',
      text.slice(0, -1),
      text.slice(0, -2),
      `${text}00`,
      text.toUpperCase(),
      text.slice(2),
      `${text}\n`,
    ]) {
      expect(() => as(wrong)).toThrow(badEncoding);
    }
  });

  it('addresses may come in any letter case and leave lowercase', () => {
    expect(asAddress('0xABcdEF0000000000000000000000000000000001')).toBe(
      '0xabcdef0000000000000000000000000000000001',
    );
    for (const wrong of [
      '',
      '0x',
      `0x${'a'.repeat(39)}`,
      `0x${'a'.repeat(41)}`,
      `0x${'g'.repeat(40)}`,
      'a'.repeat(42),
    ]) {
      expect(() => asAddress(wrong)).toThrow(badEncoding);
    }
  });
});

describe('DcmlError', () => {
  it('carries code, advice, fix, status and details, and shows no cause', () => {
    const cause = new Error('a prompt');
    const error = new CoreError('CORE_FIELD', 'body.x: is missing', { details: { path: 'body.x' }, cause });
    expect(error).toMatchObject({ name: 'CoreError', advice: 'fix-input', httpStatus: 400, cause });
    expect(isDcmlError(error)).toBe(true);
    expect(isDcmlError(new Error('x'))).toBe(false);
    const json = JSON.stringify(error);
    expect(JSON.parse(json)).toEqual({
      code: 'CORE_FIELD',
      message: 'body.x: is missing',
      advice: 'fix-input',
      fix: coreErrors.CORE_FIELD.fix,
      details: { path: 'body.x' },
    });
    expect(json).not.toContain('a prompt');
  });

  it('has no cause unless one is given, and no code outside its catalogue', () => {
    expect('cause' in new CoreError('CORE_JSON', 'x')).toBe(false);
    const empty: ErrorCatalogue = {};
    expect(() => new DcmlError(empty, 'NOPE', 'x')).toThrow(TypeError);
  });

  it('every entry of the catalogue says what and how', () => {
    for (const entry of Object.values(coreErrors)) {
      expect(entry.meaning).toMatch(/\.$/);
      expect(entry.fix).toMatch(/\.$/);
      expect(entry.httpStatus).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('clock and randomness', () => {
  it('systemClock tells milliseconds, and durations that never run backwards', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
  });

  it('systemRandom gives as many fresh bytes as asked', () => {
    expect(systemRandom.bytes(0)).toHaveLength(0);
    const [one, other] = [systemRandom.bytes(32), systemRandom.bytes(32)];
    expect(one).toHaveLength(32);
    expect(one).not.toEqual(other);
  });
});
