import { CoreError } from './core-error.ts';
import type { Hex } from './hex.ts';

declare const brand: unique symbol;
/** A string that was checked to be an id of kind `Name`. */
export type Branded<Text extends string, Name extends string> = Text & { readonly [brand]: Name };

/** SHA-256 of a model's manifest: the papers' modelH. */
export type ModelHash = Branded<Hex, 'ModelHash'>;
/** EIP-712 digest of a channel's configuration. */
export type ChannelId = Branded<Hex, 'ChannelId'>;
/** A random number made in the enclave that opens one channel (DCML section 6, `get_challenge`). */
export type Challenge = Branded<Hex, 'Challenge'>;
/** An EVM account, lowercase. */
export type Address = Branded<Hex, 'Address'>;

function checked<Id extends Hex>(text: string, bytes: number, what: string): Id {
  if (!/^0x[0-9a-f]*$/.test(text) || text.length !== 2 + 2 * bytes) {
    throw new CoreError('CORE_ENCODING', `${what}: expected 0x and ${2 * bytes} lowercase hex digits`);
  }
  return text as Id;
}

export const asModelHash = (text: string): ModelHash => checked<ModelHash>(text, 32, 'model hash');
export const asChannelId = (text: string): ChannelId => checked<ChannelId>(text, 32, 'channel id');
export const asChallenge = (text: string): Challenge => checked<Challenge>(text, 32, 'challenge');
/** An address in any letter case; the result is lowercase, so that equal addresses are equal strings. */
export const asAddress = (text: string): Address => checked<Address>(text.toLowerCase(), 20, 'address');
