import type { ChannelConfig } from '@dcml/channel';
import { asAddress, asChallenge, asModelHash, type Hex } from '@dcml/core';
import { EvmError } from './evm-error.ts';

/** Where a channel is in its life. */
export type ChannelStatus = 'none' | 'open' | 'closing' | 'closed';

/** The contract's `ChannelConfig` tuple as viem reads and writes it. */
export interface AbiChannelConfig {
  readonly payer: Hex;
  readonly payerAuthorizer: Hex;
  readonly host: Hex;
  readonly owner: Hex;
  readonly model: Hex;
  readonly token: Hex;
  readonly enclaveKey: Hex;
  readonly challenge: Hex;
  readonly price: {
    readonly ownerPromptPerMTok: bigint;
    readonly ownerCompletionPerMTok: bigint;
    readonly hostPromptPerMTok: bigint;
    readonly hostCompletionPerMTok: bigint;
  };
  readonly closeWindowSeconds: number;
}

/** From the chain's values to ours: checked and lowercase. Throws `CORE_ENCODING`. */
export function fromAbiConfig(config: AbiChannelConfig): ChannelConfig {
  return {
    payer: asAddress(config.payer),
    payerAuthorizer: asAddress(config.payerAuthorizer),
    host: asAddress(config.host),
    owner: asAddress(config.owner),
    model: asModelHash(config.model),
    token: asAddress(config.token),
    enclaveKey: asAddress(config.enclaveKey),
    challenge: asChallenge(config.challenge),
    price: { ...config.price },
    closeWindowSeconds: config.closeWindowSeconds,
  };
}

const statuses: readonly ChannelStatus[] = ['none', 'open', 'closing', 'closed'];

/** The contract's `Status` as a word. Throws `EVM_ANSWER`. */
export function fromAbiStatus(status: number): ChannelStatus {
  const word = statuses[status];
  if (word === undefined) throw new EvmError('EVM_ANSWER', `the contract has no channel status ${status}`);
  return word;
}

/** Unix seconds that fit a double. Throws `EVM_ANSWER`. */
export function fromAbiSeconds(seconds: bigint): number {
  const value = Number(seconds);
  if (!Number.isSafeInteger(value)) throw new EvmError('EVM_ANSWER', `${seconds} is not a time`);
  return value;
}
