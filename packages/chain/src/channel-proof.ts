import { type Address, type ChannelId, concatBytes, fromPrefixedHex, keccak256 } from '@dcml/core';
import { ChainError } from './chain-error.ts';
import type { ChannelChainState, ChannelChainStatus } from './channel-view.ts';
import { verifyAccountProof, verifyStorageProof } from './trie/account-proof.ts';
import { uintWord } from './uint-word.ts';

/** Where InferenceChannels keeps `mapping(bytes32 => Channel) channel`; two slots before it belong to EIP712. */
const CHANNEL_MAPPING_SLOT = 4n;
const STATUSES: readonly ChannelChainStatus[] = ['none', 'open', 'closing', 'closed'];

/** The nodes of an `eth_getProof` answer (EIP-1186) for one channel. */
export interface ChannelProof {
  readonly accountProof: readonly Uint8Array[];
  readonly storageProof: readonly Uint8Array[];
}

/** Key of a channel's storage word (Solidity documentation, "Layout of State Variables in Storage", mappings). */
export function channelStorageKey(id: ChannelId): Uint8Array {
  return keccak256(concatBytes(fromPrefixedHex(id, 'channel id', 32), uintWord(CHANNEL_MAPPING_SLOT)));
}

/** `struct Channel { uint128 deposit; uint64 closesAt; uint8 status }` in one word, lowest bits first. */
function readChannelWord(word: bigint): ChannelChainState {
  const depositWei = word & ((1n << 128n) - 1n);
  const closesAt = Number((word >> 128n) & ((1n << 64n) - 1n));
  const status = STATUSES[Number(word >> 192n)];
  const holdsMoney = status === 'open' || status === 'closing';
  const isConsistent =
    status !== undefined && holdsMoney === depositWei > 0n && (status === 'closing') === closesAt > 0;
  if (!isConsistent || !Number.isSafeInteger(closesAt)) {
    throw new ChainError('CHAIN_PROOF', `no channel is stored as 0x${word.toString(16)}`);
  }
  return { status, depositWei, closesAt };
}

/**
 * The channel as the state with this root holds it; `none` when the proof shows that nothing is stored. Throws
 * `CHAIN_PROOF` unless both proofs hold, the contract exists, and the word is one that it can have stored.
 */
export function verifyChannelProof(
  stateRoot: Uint8Array,
  contract: Address,
  id: ChannelId,
  proof: ChannelProof,
): ChannelChainState {
  const account = verifyAccountProof(stateRoot, contract, proof.accountProof);
  if (account === null) throw new ChainError('CHAIN_PROOF', `there is no contract at ${contract}`);
  return readChannelWord(verifyStorageProof(account.storageRoot, channelStorageKey(id), proof.storageProof));
}
