import { ChannelError } from './channel-error.ts';

/** Largest value of Solidity's uint128: the bound of every amount. */
export const MAX_UINT128: bigint = (1n << 128n) - 1n;
export const MAX_UINT64: bigint = (1n << 64n) - 1n;
export const MAX_UINT32 = 0xffff_ffff;

/** A buffer of 32-byte ABI words. All writers throw `CHANNEL_RANGE` or a `RangeError` beyond the buffer. */
export interface AbiWords {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** 32 bytes as they are. */
  bytes32(index: number, value: Uint8Array): void;
  /** 20 bytes, left-padded. */
  address(index: number, value: Uint8Array): void;
  uint128(index: number, value: bigint, what: string): void;
  uint64(index: number, value: bigint, what: string): void;
}

/** Amounts that are negative or too large would alias other amounts when cut to their type. */
export function assertUint(value: bigint, max: bigint, what: string): void {
  if (value < 0n || value > max) throw new ChannelError('CHANNEL_RANGE', `${what} is not within 0..${max}`);
}

/** Zeroed words. The same words may be reused as long as each word keeps its type. */
export function createAbiWords(count: number): AbiWords {
  const bytes = new Uint8Array(32 * count);
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    bytes32: (index, value) => bytes.set(value, 32 * index),
    address: (index, value) => bytes.set(value, 32 * index + 12),
    uint128(index, value, what) {
      assertUint(value, MAX_UINT128, what);
      view.setBigUint64(32 * index + 16, value >> 64n);
      view.setBigUint64(32 * index + 24, value);
    },
    uint64(index, value, what) {
      assertUint(value, MAX_UINT64, what);
      view.setBigUint64(32 * index + 24, value);
    },
  };
}
