import { type Address, fromPrefixedHex } from '@dcml/core';
import { ChainError } from '../chain-error.ts';
import { decodeRlp, decodeRlpStrings, readRlpInteger } from '../rlp/decode-rlp.ts';
import { verifyTrieProof } from './verify-trie-proof.ts';

/** An account as the state trie holds it. */
export interface Account {
  readonly nonce: bigint;
  readonly balanceWei: bigint;
  /** 32 bytes each. */
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
}

function hash(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length !== 32) throw new ChainError('CHAIN_PROOF', `account: ${what} has ${bytes.length} bytes`);
  return bytes;
}

/** The account at an address, or null when the proof shows that there is none. Throws `CHAIN_PROOF`. */
export function verifyAccountProof(
  stateRoot: Uint8Array,
  address: Address,
  proof: readonly Uint8Array[],
): Account | null {
  const value = verifyTrieProof(stateRoot, fromPrefixedHex(address, 'address', 20), proof);
  if (value === null) return null;
  const [nonce, balance, storageRoot, codeHash] = decodeRlpStrings(value, 'account', 4) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return {
    nonce: readRlpInteger(nonce, 'account nonce', 8),
    balanceWei: readRlpInteger(balance, 'account balance', 32),
    storageRoot: hash(storageRoot, 'storage root'),
    codeHash: hash(codeHash, 'code hash'),
  };
}

/** The word in a storage slot (32 bytes of key); 0 when the proof shows that nothing is stored. Throws `CHAIN_PROOF`. */
export function verifyStorageProof(
  storageRoot: Uint8Array,
  slot: Uint8Array,
  proof: readonly Uint8Array[],
): bigint {
  const value = verifyTrieProof(storageRoot, slot, proof);
  if (value === null) return 0n;
  const word = decodeRlp(value);
  if (!(word instanceof Uint8Array)) throw new ChainError('CHAIN_PROOF', 'storage: the word is a list');
  const number = readRlpInteger(word, 'storage word', 32);
  if (number === 0n) throw new ChainError('CHAIN_PROOF', 'storage: a stored zero cannot be');
  return number;
}
