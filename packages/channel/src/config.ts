import { type Address, asAddress } from '@dcml/core';
import { assertUint, MAX_UINT32, MAX_UINT128 } from './abi-words.ts';
import { ChannelError } from './channel-error.ts';
import type { ChannelConfig } from './types.ts';

/** Stands for the chain's own coin as `token`; no party may have it. */
export const ZERO_ADDRESS: Address = asAddress(`0x${'00'.repeat(20)}`);

/**
 * Refuses a configuration that no channel can have: a zero party (its signature could not be checked, or its
 * money would be lost), a zero challenge or close window, a price beyond uint128.
 * Throws `CHANNEL_CONFIG` or `CHANNEL_RANGE`.
 */
export function assertChannelConfig(config: ChannelConfig): void {
  for (const party of ['payer', 'payerAuthorizer', 'host', 'owner', 'enclaveKey'] as const) {
    if (config[party] === ZERO_ADDRESS) {
      throw new ChannelError('CHANNEL_CONFIG', `${party} is the zero address`, { details: { party } });
    }
  }
  if (/^0x0*$/.test(config.challenge)) throw new ChannelError('CHANNEL_CONFIG', 'the challenge is zero');
  if (!Number.isSafeInteger(config.closeWindowSeconds) || config.closeWindowSeconds <= 0) {
    throw new ChannelError('CHANNEL_CONFIG', 'the close window is not a positive number of seconds');
  }
  if (config.closeWindowSeconds > MAX_UINT32) {
    throw new ChannelError('CHANNEL_RANGE', 'closeWindowSeconds exceeds uint32');
  }
  for (const [name, price] of Object.entries(config.price)) assertUint(price, MAX_UINT128, `price.${name}`);
}
