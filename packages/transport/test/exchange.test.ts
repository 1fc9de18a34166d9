import { concatBytes, encodeUtf8, systemClock, toHex } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createReplayGuard,
  createWebTransportCrypto,
  encodeFrame,
  generateTransportKey,
  type OpenRequestOptions,
  openRequest,
  sealRequest,
} from '../src/index.ts';
import { collect, type Exchange, exchange, freshGuard, never, pieces, serverCrypto } from './fixtures.ts';

const body = encodeUtf8('{"messages":[{"role":"user","content":"hello"}]}');

function code(value: string): unknown {
  return expect.objectContaining({ code: value });
}

async function options(change: Partial<OpenRequestOptions> = {}): Promise<OpenRequestOptions> {
  const key = await generateTransportKey(serverCrypto);
  const sealed = await sealRequest({ crypto: serverCrypto, publicKey: key.publicKey, body });
  return {
    crypto: serverCrypto,
    key,
    encapsulatedKeyHex: sealed.encapsulatedKeyHex,
    body: sealed.body,
    replayGuard: freshGuard(),
    signal: never,
    ...change,
  };
}

async function answer({ sealed, opened }: Exchange, ...chunks: readonly string[]) {
  const sealer = await opened.sealResponse();
  const frames = chunks.map((chunk) => sealer.seal(encodeUtf8(chunk)));
  const open = (...wire: readonly Uint8Array[]): Promise<Uint8Array[]> =>
    collect(sealed.openResponse(sealer.nonceHex, pieces(...wire), { signal: never }));
  return { sealer, frames, open };
}

describe('a sealed exchange', () => {
  for (const [name, crypto] of [
    ['web', createWebTransportCrypto()],
    ['node', serverCrypto],
  ] as const) {
    it(`${name} client: request, answer, receipt header, credential and exports agree`, async () => {
      const both = await exchange(body, crypto);
      const { sealed, opened } = both;
      expect(opened.plaintext).toEqual(body);
      const { sealer, frames, open } = await answer(both, 'a', 'bc');
      expect(concatBytes(...(await open(...frames)))).toEqual(encodeUtf8('abc'));
      const receipt = encodeUtf8('{"receipt":1}');
      expect(await sealed.openReceipt(sealer.nonceHex, sealer.sealReceipt(receipt))).toEqual(receipt);
      expect(sealed.receiptCredential).toBe(opened.receiptCredential);
      expect(sealed.receiptCredential).toMatch(/^[0-9a-f]{64}$/);
      expect(toHex(await sealed.exportSecret('test', 48))).toBe(toHex(await opened.exportSecret('test', 48)));
    });
  }

  it('carries any body in any pieces: property', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 600 }),
        fc.integer({ min: 1, max: 97 }),
        async (plain, size) => {
          const base = await options();
          const sealed = await sealRequest({
            crypto: serverCrypto,
            publicKey: base.key.publicKey,
            body: plain,
          });
          const parts: Uint8Array[] = [];
          for (let at = 0; at < sealed.body.length; at += size)
            parts.push(sealed.body.subarray(at, at + size));
          const opened = await openRequest({
            ...base,
            encapsulatedKeyHex: sealed.encapsulatedKeyHex,
            body: pieces(...parts),
          });
          expect([...opened.plaintext]).toEqual([...plain]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('of a large body uses several frames', async () => {
    const large = new Uint8Array(600_000).map((_, i) => i);
    expect((await exchange(large)).opened.plaintext).toEqual(large);
  });

  it('gives every answer its own nonce and keys', async () => {
    const { opened } = await exchange(body);
    const [a, b] = [await opened.sealResponse(), await opened.sealResponse()];
    expect(a.nonceHex).not.toBe(b.nonceHex);
    expect(a.seal(body)).not.toEqual(b.seal(body));
    expect(a.sealReceipt(body)).not.toEqual(b.sealReceipt(body));
  });

  it('seals a receipt header once: TRANSPORT_SEQUENCE', async () => {
    const sealer = await (await exchange(body)).opened.sealResponse();
    sealer.sealReceipt(body);
    expect(() => sealer.sealReceipt(body)).toThrow(code('TRANSPORT_SEQUENCE'));
  });
});

describe('sealing', () => {
  it('needs a body and a usable key: TRANSPORT_SEAL', async () => {
    const { publicKey } = await generateTransportKey(serverCrypto);
    const empty = sealRequest({ crypto: serverCrypto, publicKey, body: new Uint8Array(0) });
    await expect(empty).rejects.toThrow(code('TRANSPORT_SEAL'));
    for (const bad of [new Uint8Array(32), new Uint8Array(31)]) {
      const sealing = sealRequest({ crypto: serverCrypto, publicKey: bad, body });
      await expect(sealing).rejects.toThrow(code('TRANSPORT_SEAL'));
    }
  });
});

describe('opening a request', () => {
  it('same sealed request twice: served once, TRANSPORT_REPLAYED', async () => {
    const shared = await options();
    await openRequest(shared);
    await expect(openRequest(shared)).rejects.toThrow(code('TRANSPORT_REPLAYED'));
  });

  it('two at once: one is served', async () => {
    const shared = await options();
    const results = await Promise.allSettled([openRequest(shared), openRequest(shared), openRequest(shared)]);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('a forged body does not use up the encapsulated key', async () => {
    const good = await options();
    const forged = good.body instanceof Uint8Array ? good.body.slice() : new Uint8Array(0);
    forged[10]! ^= 1;
    await expect(openRequest({ ...good, body: forged })).rejects.toThrow(code('TRANSPORT_OPEN'));
    expect((await openRequest(good)).plaintext).toEqual(body);
  });

  it('refuses when the memory of served requests is full: TRANSPORT_REPLAY_GUARD_FULL', async () => {
    const replayGuard = createReplayGuard({ capacity: 1, ttlMs: 1000, clock: systemClock });
    await openRequest(await options({ replayGuard }));
    await expect(openRequest(await options({ replayGuard }))).rejects.toThrow(
      code('TRANSPORT_REPLAY_GUARD_FULL'),
    );
  });

  it('refuses encapsulated keys in any other form: TRANSPORT_ENCAPSULATED_KEY', async () => {
    const good = await options();
    const hex = good.encapsulatedKeyHex;
    for (const bad of [
      '',
      hex.slice(2),
      `${hex}00`,
      `0x${hex}`,
      `A${hex.slice(1)}`,
      ` ${hex}`,
      'z'.repeat(64),
    ]) {
      await expect(openRequest({ ...good, encapsulatedKeyHex: bad })).rejects.toThrow(
        code('TRANSPORT_ENCAPSULATED_KEY'),
      );
    }
  });

  it('tells nothing about why: a wrong key, a small-order key, any flipped bit are one TRANSPORT_OPEN', async () => {
    const good = await options();
    const other = await generateTransportKey(serverCrypto);
    const messages = new Set<string>();
    const refused = async (change: Partial<OpenRequestOptions>): Promise<void> => {
      const error = await openRequest({ ...good, ...change }).catch((thrown: unknown) => thrown);
      expect(error).toEqual(code('TRANSPORT_OPEN'));
      messages.add(JSON.stringify(error));
    };
    await refused({ key: other });
    await refused({ encapsulatedKeyHex: '00'.repeat(32) });
    await refused({ encapsulatedKeyHex: `${good.encapsulatedKeyHex.slice(0, 62)}ff` });
    const wire = good.body as Uint8Array;
    for (let bit = 32; bit < wire.length * 8; bit += 5) {
      const flipped = wire.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await refused({ body: flipped });
    }
    expect(messages.size).toBe(1);
  });

  it('refuses a body cut at any byte, and an empty one', async () => {
    const good = await options();
    const wire = good.body as Uint8Array;
    for (let length = 0; length < wire.length; length++) {
      await expect(openRequest({ ...good, body: wire.subarray(0, length) })).rejects.toThrow(
        code('TRANSPORT_FRAMING'),
      );
    }
  });

  it('refuses a body that ends inside a later frame', async () => {
    const base = await options();
    const { encapsulatedKeyHex, body: wire } = await sealRequest({
      crypto: serverCrypto,
      publicKey: base.key.publicKey,
      body: new Uint8Array(300_000),
    });
    for (const cut of [1, 17, 30_000]) {
      const opening = openRequest({ ...base, encapsulatedKeyHex, body: wire.subarray(0, wire.length - cut) });
      await expect(opening).rejects.toThrow(code('TRANSPORT_FRAMING'));
    }
  });

  it('refuses a body of empty frames only (EHBP section 7.4)', async () => {
    const good = await options();
    await expect(openRequest({ ...good, body: encodeFrame(new Uint8Array(0)) })).rejects.toThrow(
      code('TRANSPORT_FRAMING'),
    );
  });

  it('bounds a frame and the whole body: TRANSPORT_TOO_LARGE', async () => {
    const small = { limits: { maxFrameBytes: 20, maxBodyBytes: 1000 } };
    await expect(openRequest(await options(small))).rejects.toThrow(code('TRANSPORT_TOO_LARGE'));
    const short = { limits: { maxFrameBytes: 1000, maxBodyBytes: body.length - 1 } };
    await expect(openRequest(await options(short))).rejects.toThrow(code('TRANSPORT_TOO_LARGE'));
  });

  it('ends at its deadline although the body stays silent', async () => {
    const controller = new AbortController();
    let closed = false;
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          controller.abort(new Error('too late'));
          return new Promise(() => {});
        },
        return: async () => {
          closed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const opening = openRequest(await options({ body: silent, signal: controller.signal }));
    await expect(opening).rejects.toThrow('too late');
    expect(closed).toBe(true);
    await expect(openRequest(await options({ signal: controller.signal }))).rejects.toThrow('too late');
  });
});

describe('opening an answer', () => {
  it('that is not sealed is refused, whatever its status: TRANSPORT_RESPONSE_NONCE', async () => {
    const both = await exchange(body);
    const { sealer, frames } = await answer(both, 'a');
    for (const nonce of [
      null,
      '',
      sealer.nonceHex.toUpperCase(),
      sealer.nonceHex.slice(2),
      `${sealer.nonceHex}00`,
    ]) {
      const opening = collect(both.sealed.openResponse(nonce, pieces(...frames), { signal: never }));
      await expect(opening).rejects.toThrow(code('TRANSPORT_RESPONSE_NONCE'));
      const receipt = both.sealed.openReceipt(nonce, 'AAAA');
      await expect(receipt).rejects.toThrow(code('TRANSPORT_RESPONSE_NONCE'));
    }
  });

  it('reordered, duplicated, dropped or cut frames are refused: TRANSPORT_RESPONSE', async () => {
    const { frames, open } = await answer(await exchange(body), 'a', 'b', 'c');
    const [a, b, c] = frames as [Uint8Array, Uint8Array, Uint8Array];
    for (const wire of [
      [b, a, c],
      [a, a, b, c],
      [a, c],
      [b, c],
      [a, b.subarray(0, 10)],
      [a, b.subarray(0, 2)],
    ]) {
      await expect(open(...wire)).rejects.toThrow(code('TRANSPORT_RESPONSE'));
    }
    expect(await open(a, b, c)).toHaveLength(3);
  });

  it('frames swapped between answers or under the nonce of another are refused', async () => {
    const one = await answer(await exchange(body), 'a');
    const two = await answer(await exchange(body), 'a');
    await expect(one.open(...two.frames)).rejects.toThrow(code('TRANSPORT_RESPONSE'));
    const both = await exchange(body);
    const [first, second] = [await answer(both, 'a'), await answer(both, 'b')];
    await expect(first.open(...second.frames)).rejects.toThrow(code('TRANSPORT_RESPONSE'));
  });

  it('any flipped bit is refused, nothing of its frame is given out', async () => {
    const { frames, open } = await answer(await exchange(body), 'hello');
    const [wire] = frames as [Uint8Array];
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const flipped = wire.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await expect(open(flipped)).rejects.toThrow(code('TRANSPORT_RESPONSE'));
    }
  });

  it('bounds frames and the body', async () => {
    const both = await exchange(body);
    const { sealer, frames } = await answer(both, 'hello', 'hello');
    for (const limits of [
      { maxFrameBytes: 10, maxBodyBytes: 100 },
      { maxFrameBytes: 100, maxBodyBytes: 9 },
    ]) {
      const opening = collect(
        both.sealed.openResponse(sealer.nonceHex, pieces(...frames), { signal: never, limits }),
      );
      await expect(opening).rejects.toThrow(code('TRANSPORT_RESPONSE'));
    }
  });

  it('a receipt header of another exchange, or altered, is refused: TRANSPORT_RECEIPT_HEADER', async () => {
    const both = await exchange(body);
    const sealer = await both.opened.sealResponse();
    const header = sealer.sealReceipt(encodeUtf8('receipt'));
    const other = await exchange(body);
    for (const [sealed, text] of [
      [other.sealed, header],
      [both.sealed, `${header.slice(0, -2)}AA`],
      [both.sealed, `${header}=`],
      [both.sealed, ''],
    ] as const) {
      await expect(sealed.openReceipt(sealer.nonceHex, text)).rejects.toThrow(
        code('TRANSPORT_RECEIPT_HEADER'),
      );
    }
  });
});
