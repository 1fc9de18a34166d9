import { describe, expect, it } from 'vitest';
import {
  isKeyConfigMismatch,
  NonceSequence,
  TransportError,
  type TransportErrorCode,
  toUniformRefusal,
  transportErrors,
} from '../src/index.ts';

const refusal = (code: TransportErrorCode, message = 'm', cause?: unknown) =>
  toUniformRefusal(new TransportError(code, message, { cause }));

describe('uniform refusals (EHBP section 5.4.2)', () => {
  it('have the status of their class', () => {
    expect(refusal('TRANSPORT_ENCAPSULATED_KEY').status).toBe(400);
    expect(refusal('TRANSPORT_FRAMING').status).toBe(400);
    expect(refusal('TRANSPORT_TOO_LARGE').status).toBe(413);
    expect(refusal('TRANSPORT_REPLAYED').status).toBe(409);
    expect(refusal('TRANSPORT_REPLAY_GUARD_FULL').status).toBe(503);
    expect(refusal('TRANSPORT_SEQUENCE').status).toBe(500);
    expect(toUniformRefusal(new Error('x')).status).toBe(500);
    expect(
      toUniformRefusal(AbortSignal.timeout(0).reason ?? new DOMException('t', 'TimeoutError')).status,
    ).toBe(408);
  });

  it('say nothing of the message or the cause', () => {
    const codes = Object.keys(transportErrors) as TransportErrorCode[];
    for (const code of codes) {
      const secret = refusal(code, 'secret', new Error('secret'));
      expect(secret.body).not.toContain('secret');
      expect(secret).toEqual(refusal(code));
    }
  });

  it('of a stale key are the problem document that clients recognize', () => {
    const { status, contentType, body } = refusal('TRANSPORT_OPEN');
    expect(status).toBe(422);
    expect(isKeyConfigMismatch(status, contentType, body)).toBe(true);
    expect(isKeyConfigMismatch(status, `${contentType}; charset=utf-8`, body)).toBe(true);
  });

  it('are recognized by nothing less', () => {
    const { contentType, body } = refusal('TRANSPORT_OPEN');
    expect(isKeyConfigMismatch(400, contentType, body)).toBe(false);
    expect(isKeyConfigMismatch(422, 'application/json', body)).toBe(false);
    expect(isKeyConfigMismatch(422, null, body)).toBe(false);
    for (const other of ['', 'null', '[]', '{"type":"other"}', '{']) {
      expect(isKeyConfigMismatch(422, contentType, other)).toBe(false);
    }
  });
});

describe('nonces of a direction (EHBP section 4.4.1, step 5)', () => {
  it('are the base XOR the count', () => {
    const base = new Uint8Array(12).fill(0xff);
    const nonces = new NonceSequence(base);
    expect([...nonces.next()].slice(-2)).toEqual([0xff, 0xff]);
    expect([...nonces.next()].slice(-2)).toEqual([0xff, 0xfe]);
    for (let i = 2; i < 256; i++) nonces.next();
    expect([...nonces.next()]).toEqual([...new Array<number>(10).fill(0xff), 0xfe, 0xff]);
    expect([...base]).toEqual(new Array(12).fill(0xff));
  });

  it('end before one comes back: TRANSPORT_SEQUENCE', () => {
    const nonces = new NonceSequence(new Uint8Array(12), 2 ** 32 - 1);
    nonces.next();
    expect(() => nonces.next()).toThrow(expect.objectContaining({ code: 'TRANSPORT_SEQUENCE' }));
  });
});
