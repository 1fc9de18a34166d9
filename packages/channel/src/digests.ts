import {
  asChannelId,
  type ChannelId,
  encodeUtf8,
  fromPrefixedHex,
  keccak256,
  toPrefixedHex,
} from '@dcml/core';
import { type AbiWords, createAbiWords, MAX_UINT32 } from './abi-words.ts';
import { ChannelError } from './channel-error.ts';
import type {
  ChannelAction,
  ChannelConfig,
  ChannelDomain,
  ChannelRequest,
  CloseApproval,
  Offer,
  PriceTerms,
  Voucher,
} from './types.ts';

const PRICE_TERMS =
  'PriceTerms(uint128 ownerPromptPerMTok,uint128 ownerCompletionPerMTok,uint128 hostPromptPerMTok,uint128 hostCompletionPerMTok)';

type ChannelTypeName =
  | 'domain'
  | 'priceTerms'
  | 'channelConfig'
  | 'voucher'
  | 'closeApproval'
  | 'offer'
  | 'channelRequest';

/** The EIP-712 `encodeType` texts, the same as in contracts/ and docs/protocol/channel.md. */
export const channelTypes: Readonly<Record<ChannelTypeName, string>> = {
  domain: 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)',
  priceTerms: PRICE_TERMS,
  channelConfig: `ChannelConfig(address payer,address payerAuthorizer,address host,address owner,bytes32 model,address token,address enclaveKey,bytes32 challenge,PriceTerms price,uint32 closeWindowSeconds)${PRICE_TERMS}`,
  voucher: 'Voucher(bytes32 channelId,uint128 maxClaimableAmount)',
  closeApproval: 'CloseApproval(bytes32 channelId,uint128 chargedOwner,uint128 chargedHost)',
  offer: 'Offer(bytes32 channelId,uint128 maxDeposit,uint64 expiresAt)',
  channelRequest: 'ChannelRequest(bytes32 channelId,string action,uint64 expiresAt)',
};

export const CHANNEL_DOMAIN_NAME = 'dcml InferenceChannels';
export const CHANNEL_DOMAIN_VERSION = '1';

const hashText = (text: string): Uint8Array => keccak256(encodeUtf8(text));

const TYPE_HASH = {
  domain: hashText(channelTypes.domain),
  priceTerms: hashText(channelTypes.priceTerms),
  channelConfig: hashText(channelTypes.channelConfig),
  voucher: hashText(channelTypes.voucher),
  closeApproval: hashText(channelTypes.closeApproval),
  offer: hashText(channelTypes.offer),
  channelRequest: hashText(channelTypes.channelRequest),
} as const;

const ACTION_HASH: Readonly<Record<ChannelAction, Uint8Array>> = {
  status: hashText('status'),
  close: hashText('close'),
};

/** EIP-712 digests under one domain: what is signed, 32 bytes each. All throw `CHANNEL_RANGE` or `CORE_ENCODING`. */
export interface ChannelDigests {
  readonly domain: ChannelDomain;
  /** The channel's id is the digest of its configuration. */
  channelId(config: ChannelConfig): ChannelId;
  voucher(voucher: Voucher): Uint8Array;
  /** The same digest for many amounts of one channel, without decoding the id each time. */
  voucherOf(channelId: ChannelId): (maxClaimableWei: bigint) => Uint8Array;
  closeApproval(approval: CloseApproval): Uint8Array;
  offer(offer: Offer): Uint8Array;
  channelRequest(request: ChannelRequest): Uint8Array;
}

function seconds(value: number, what: string): bigint {
  if (!Number.isSafeInteger(value)) throw new ChannelError('CHANNEL_RANGE', `${what} is not a whole number`);
  return BigInt(value);
}

/** EIP-712 `hashStruct(eip712Domain)`. */
export function domainSeparator(domain: ChannelDomain): Uint8Array {
  if (domain.chainId <= 0) throw new ChannelError('CHANNEL_RANGE', 'the chain id is not positive');
  const words = createAbiWords(5);
  words.bytes32(0, TYPE_HASH.domain);
  words.bytes32(1, hashText(CHANNEL_DOMAIN_NAME));
  words.bytes32(2, hashText(CHANNEL_DOMAIN_VERSION));
  words.uint64(3, seconds(domain.chainId, 'the chain id'), 'the chain id');
  words.address(4, fromPrefixedHex(domain.contract, 'contract', 20));
  return keccak256(words.bytes);
}

function hashPrice(price: PriceTerms): Uint8Array {
  const words = createAbiWords(5);
  words.bytes32(0, TYPE_HASH.priceTerms);
  words.uint128(1, price.ownerPromptPerMTok, 'price.ownerPromptPerMTok');
  words.uint128(2, price.ownerCompletionPerMTok, 'price.ownerCompletionPerMTok');
  words.uint128(3, price.hostPromptPerMTok, 'price.hostPromptPerMTok');
  words.uint128(4, price.hostCompletionPerMTok, 'price.hostCompletionPerMTok');
  return keccak256(words.bytes);
}

function hashConfig(config: ChannelConfig): Uint8Array {
  const window = seconds(config.closeWindowSeconds, 'closeWindowSeconds');
  if (window > BigInt(MAX_UINT32))
    throw new ChannelError('CHANNEL_RANGE', 'closeWindowSeconds exceeds uint32');
  const words = createAbiWords(11);
  words.bytes32(0, TYPE_HASH.channelConfig);
  words.address(1, fromPrefixedHex(config.payer, 'payer', 20));
  words.address(2, fromPrefixedHex(config.payerAuthorizer, 'payerAuthorizer', 20));
  words.address(3, fromPrefixedHex(config.host, 'host', 20));
  words.address(4, fromPrefixedHex(config.owner, 'owner', 20));
  words.bytes32(5, fromPrefixedHex(config.model, 'model', 32));
  words.address(6, fromPrefixedHex(config.token, 'token', 20));
  words.address(7, fromPrefixedHex(config.enclaveKey, 'enclaveKey', 20));
  words.bytes32(8, fromPrefixedHex(config.challenge, 'challenge', 32));
  words.bytes32(9, hashPrice(config.price));
  words.uint64(10, window, 'closeWindowSeconds');
  return keccak256(words.bytes);
}

/** A struct whose first member is the channel id. */
function channelWords(typeHash: Uint8Array, channelId: ChannelId, count: number): AbiWords {
  const words = createAbiWords(count);
  words.bytes32(0, typeHash);
  words.bytes32(1, fromPrefixedHex(channelId, 'channel id', 32));
  return words;
}

/** Digests under `domain`; the domain separator is hashed once. */
export function createChannelDigests(domain: ChannelDomain): ChannelDigests {
  // 0x19 0x01 ‖ domainSeparator ‖ hashStruct (EIP-712, "Definition of hashTypedData")
  const envelope = new Uint8Array(66);
  envelope.set([0x19, 0x01]);
  envelope.set(domainSeparator(domain), 2);
  const seal = (structHash: Uint8Array): Uint8Array => {
    envelope.set(structHash, 34);
    return keccak256(envelope);
  };

  const voucherOf = (channelId: ChannelId): ((maxClaimableWei: bigint) => Uint8Array) => {
    const words = channelWords(TYPE_HASH.voucher, channelId, 3);
    return (maxClaimableWei) => {
      words.uint128(2, maxClaimableWei, 'maxClaimableAmount');
      return seal(keccak256(words.bytes));
    };
  };

  return {
    domain,
    channelId: (config) => asChannelId(toPrefixedHex(seal(hashConfig(config)))),
    voucher: (voucher) => voucherOf(voucher.channelId)(voucher.maxClaimableWei),
    voucherOf,
    closeApproval(approval) {
      const words = channelWords(TYPE_HASH.closeApproval, approval.channelId, 4);
      words.uint128(2, approval.charge.ownerWei, 'chargedOwner');
      words.uint128(3, approval.charge.hostWei, 'chargedHost');
      return seal(keccak256(words.bytes));
    },
    offer(offer) {
      const words = channelWords(TYPE_HASH.offer, offer.channelId, 4);
      words.uint128(2, offer.maxDepositWei, 'maxDeposit');
      words.uint64(3, seconds(offer.expiresAt, 'expiresAt'), 'expiresAt');
      return seal(keccak256(words.bytes));
    },
    channelRequest(request) {
      const words = channelWords(TYPE_HASH.channelRequest, request.channelId, 4);
      words.bytes32(2, ACTION_HASH[request.action]);
      words.uint64(3, seconds(request.expiresAt, 'expiresAt'), 'expiresAt');
      return seal(keccak256(words.bytes));
    },
  };
}
