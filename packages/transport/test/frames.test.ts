import { concatBytes, fromHex } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../src/index.ts';

function decode(chunks: readonly Uint8Array[], maxFrameBytes = 1000): number[][] {
  const decoder = new FrameDecoder(maxFrameBytes);
  const frames = chunks.flatMap((chunk) => decoder.push(chunk)).map((frame) => [...frame]);
  decoder.end();
  return frames;
}

describe('frames (EHBP section 4.3)', () => {
  it('are a 4-byte big-endian length and the ciphertext', () => {
    expect(encodeFrame(Uint8Array.of(1, 2, 3))).toEqual(fromHex('00000003010203'));
  });

  it('arrive whole whatever the pieces: property', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (bodies, sizes) => {
          const wire = concatBytes(...bodies.map(encodeFrame));
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < wire.length; ) {
            const size = sizes.next().value as number;
            chunks.push(wire.subarray(at, at + size));
            at += size;
          }
          expect(decode(chunks)).toEqual(bodies.map((body) => [...body]));
        },
      ),
    );
  });

  it('keep their bytes when the sender reuses its buffer', () => {
    const decoder = new FrameDecoder(100);
    const buffer = fromHex('0000000401020304');
    const first = buffer.slice(0, 6);
    decoder.push(first);
    first.fill(0xff);
    expect(decoder.push(buffer.subarray(6))[0]).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('of length zero are dropped', () => {
    expect(decode([fromHex('0000000000000001aa00000000')])).toEqual([[0xaa]]);
  });

  it('cut at any byte inside a frame are refused: TRANSPORT_FRAMING', () => {
    const wire = encodeFrame(Uint8Array.of(1, 2, 3));
    for (let length = 1; length < wire.length; length++) {
      expect(() => decode([wire.subarray(0, length)])).toThrow(
        expect.objectContaining({ code: 'TRANSPORT_FRAMING' }),
      );
    }
  });

  it('of 4 GiB are refused from their length alone: TRANSPORT_TOO_LARGE', () => {
    expect(() => decode([fromHex('ffffffff')])).toThrow(
      expect.objectContaining({ code: 'TRANSPORT_TOO_LARGE' }),
    );
    expect(() => decode([fromHex('000003e9')])).toThrow(
      expect.objectContaining({ code: 'TRANSPORT_TOO_LARGE' }),
    );
    expect(decode([concatBytes(fromHex('000003e8'), new Uint8Array(1000))])).toHaveLength(1);
  });
});
