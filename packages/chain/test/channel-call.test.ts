import { asChannelId, type Hex, isDcmlError } from '@dcml/core';
import fc from 'fast-check';
import { encodeAbiParameters, encodeFunctionData, parseAbi } from 'viem';
import { describe, expect, it } from 'vitest';
import { decodeChannelAnswer, encodeChannelCall } from '../src/index.ts';

const abi = parseAbi([
  'function channel(bytes32 id) view returns (uint128 deposit, uint64 closesAt, uint8 status)',
]);
const outputs = abi[0].outputs;
const answer = (deposit: bigint, closesAt: bigint, status: number): Hex =>
  encodeAbiParameters(outputs, [deposit, closesAt, status]);

function codeOf(data: unknown): string {
  try {
    decodeChannelAnswer(data);
  } catch (error) {
    if (isDcmlError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const bytes32 = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const uint = (bits: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 1n, max: (1n << bits) - 1n });

describe('the call, against viem as the oracle', () => {
  it('encodes channel(bytes32) alike for every id', () => {
    fc.assert(
      fc.property(bytes32, (id) => {
        const expected = encodeFunctionData({ abi, args: [`0x${id}`] });
        expect(encodeChannelCall(asChannelId(`0x${id}`))).toBe(expected);
      }),
    );
  });

  it('decodes every state that the contract can store alike', () => {
    const seconds = fc.bigInt({ min: 1n, max: BigInt(Number.MAX_SAFE_INTEGER) });
    fc.assert(
      fc.property(uint(128n), seconds, (deposit, closesAt) => {
        const open = { status: 'open', depositWei: deposit, closesAt: 0 };
        const closing = { status: 'closing', depositWei: deposit, closesAt: Number(closesAt) };
        expect(decodeChannelAnswer(answer(deposit, 0n, 1))).toEqual(open);
        expect(decodeChannelAnswer(answer(deposit, closesAt, 2))).toEqual(closing);
      }),
    );
    expect(decodeChannelAnswer(answer(0n, 0n, 0))).toEqual({ status: 'none', depositWei: 0n, closesAt: 0 });
    expect(decodeChannelAnswer(answer(0n, 0n, 3))).toEqual({ status: 'closed', depositWei: 0n, closesAt: 0 });
  });
});

describe('answers that the contract cannot have given are CHAIN_ANSWER', () => {
  const closing = answer(5n, 1_800_000_000n, 2);

  it('truncated at every digit, or longer', () => {
    for (let length = 0; length < closing.length; length++) {
      expect(codeOf(closing.slice(0, length)), `${length} characters`).toBe('CHAIN_ANSWER');
    }
    expect(codeOf(`${closing}00`)).toBe('CHAIN_ANSWER');
    expect(codeOf(`${closing}${'0'.repeat(64)}`)).toBe('CHAIN_ANSWER');
  });

  it('a dirty bit above each type', () => {
    const bytes = Buffer.from(closing.slice(2), 'hex');
    // Bytes above uint128, uint64 and uint8 within each word.
    const padding = [
      { word: 0, count: 16 },
      { word: 1, count: 24 },
      { word: 2, count: 31 },
    ];
    for (const { word, count } of padding) {
      for (let i = 0; i < count; i++) {
        const dirty = Buffer.from(bytes);
        dirty[32 * word + i]! ^= 1;
        expect(codeOf(`0x${dirty.toString('hex')}`), `word ${word} byte ${i}`).toBe('CHAIN_ANSWER');
      }
    }
  });

  it('impossible combinations', () => {
    const impossible: [bigint, bigint, number][] = [
      [0n, 0n, 1],
      [0n, 9n, 2],
      [5n, 0n, 2],
      [5n, 9n, 1],
      [5n, 0n, 0],
      [0n, 9n, 0],
      [5n, 0n, 3],
      [0n, 9n, 3],
      [5n, 0n, 4],
      [5n, (1n << 64n) - 1n, 2],
    ];
    for (const [deposit, closesAt, status] of impossible) {
      expect(codeOf(answer(deposit, closesAt, status)), `${deposit} ${closesAt} ${status}`).toBe(
        'CHAIN_ANSWER',
      );
    }
  });

  it('other types and texts', () => {
    for (const data of [null, undefined, 7, {}, '', '0x', 'zz', closing.toUpperCase(), closing.slice(2)]) {
      expect(codeOf(data)).toBe('CHAIN_ANSWER');
    }
  });

  it('any text is decoded or refused, never crashes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          bytes32.map((hex) => `0x${hex.repeat(3)}`),
        ),
        (data) => {
          expect(['accepted', 'CHAIN_ANSWER']).toContain(codeOf(data));
        },
      ),
    );
  });
});
