import { type ChannelId, CoreError, fromPrefixedHex, type Hex } from '@dcml/core';
import { ChainError } from './chain-error.ts';
import type { ChannelChainState, ChannelChainStatus } from './channel-view.ts';

/** First four bytes of keccak256("channel(bytes32)"). */
const CHANNEL_SELECTOR = '0xb7d9c80e';
const WORD_BYTES = 32;

/** The contract's `Status`, in its order (docs/protocol/contracts.md). */
const STATUSES: readonly ChannelChainStatus[] = ['none', 'open', 'closing', 'closed'];

/** Call data of `channel(bytes32)`. */
export function encodeChannelCall(id: ChannelId): Hex {
  return `${CHANNEL_SELECTOR}${id.slice(2)}`;
}

function readUint(bytes: Uint8Array, index: number, maxBytes: number): bigint {
  let value = 0n;
  for (const byte of bytes.subarray(index * WORD_BYTES, (index + 1) * WORD_BYTES)) {
    value = (value << 8n) | BigInt(byte);
  }
  // ABI specification, "Formal specification of the encoding": higher-order bytes of a uint are zero.
  if (value >> BigInt(8 * maxBytes) !== 0n) {
    throw new ChainError('CHAIN_ANSWER', `channel answer: word ${index} is larger than its type`);
  }
  return value;
}

function readBytes(data: unknown): Uint8Array {
  if (typeof data !== 'string') throw new ChainError('CHAIN_ANSWER', 'channel answer: not a text');
  try {
    return fromPrefixedHex(data, 'channel answer', 3 * WORD_BYTES);
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause;
    throw new ChainError('CHAIN_ANSWER', cause.message, { cause });
  }
}

/**
 * Three words `uint128 deposit, uint64 closesAt, uint8 status`, and nothing else: the right length, no dirty bits,
 * and a combination that the contract can store. Throws `CHAIN_ANSWER`.
 */
export function decodeChannelAnswer(data: unknown): ChannelChainState {
  const bytes = readBytes(data);
  const depositWei = readUint(bytes, 0, 16);
  const closesAt = Number(readUint(bytes, 1, 8));
  const status = STATUSES[Number(readUint(bytes, 2, 1))];
  if (status === undefined) throw new ChainError('CHAIN_ANSWER', 'channel answer: unknown status');
  const holdsMoney = status === 'open' || status === 'closing';
  const isConsistent = holdsMoney === depositWei > 0n && (status === 'closing') === closesAt > 0;
  if (!isConsistent || !Number.isSafeInteger(closesAt)) {
    throw new ChainError('CHAIN_ANSWER', `channel answer: no channel is ${status} with these values`, {
      details: { status, deposit: String(depositWei), closes_at: closesAt },
    });
  }
  return { status, depositWei, closesAt };
}
