import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

/** Why an enclave does not admit a request: the codes of `AdmissionRefusal`. */
export type AdmissionRefusalCode =
  | 'CHANNEL_CLOSED'
  | 'CHANNEL_VOUCHER_FOREIGN'
  | 'CHANNEL_VOUCHER_SIGNATURE'
  | 'CHANNEL_VOUCHER_NOT_HIGHER'
  | 'CHANNEL_VOUCHER_OVER_DEPOSIT'
  | 'CHANNEL_AUTHORIZATION'
  | 'CHANNEL_DEPOSIT';

type Code =
  | AdmissionRefusalCode
  | 'CHANNEL_RANGE'
  | 'CHANNEL_CONFIG'
  | 'CHANNEL_KEY'
  | 'CHANNEL_SIGNATURE'
  | 'CHANNEL_EXPIRED'
  | 'CHANNEL_IN_FLIGHT'
  | 'CHANNEL_ORDER'
  | 'CHANNEL_OVERCHARGED';

export const channelErrors: Readonly<Record<Code, ErrorEntry>> = {
  CHANNEL_CLOSED: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The channel is closing or closed and takes no more requests.',
    fix: 'Open another channel.',
  },
  CHANNEL_VOUCHER_FOREIGN: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The voucher names another channel.',
    fix: 'Sign the voucher for the channel that the request uses.',
  },
  CHANNEL_VOUCHER_SIGNATURE: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: "The voucher is not signed by the channel's authorizer for this chain and contract.",
    fix: "Sign with the key of payerAuthorizer under the channel's domain: 65 bytes, low s, v 27 or 28.",
  },
  CHANNEL_VOUCHER_NOT_HIGHER: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The voucher is not higher than the newest one.',
    fix: 'Sign a voucher above the amount `authorized`, or leave the voucher out while that amount still covers requests.',
  },
  CHANNEL_VOUCHER_OVER_DEPOSIT: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The voucher promises more than the deposit.',
    fix: 'Sign at most the deposit.',
  },
  CHANNEL_AUTHORIZATION: {
    advice: 'retry',
    httpStatus: 402,
    meaning: 'The authorized amount does not cover this request beside what is charged and reserved.',
    fix: 'Send the request with a voucher of at least `required_max_claimable`.',
  },
  CHANNEL_DEPOSIT: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The request can cost more than the deposit leaves.',
    fix: 'Ask for fewer tokens, wait for requests in flight, or open another channel.',
  },
  CHANNEL_RANGE: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A number does not fit its integer type on chain.',
    fix: 'Keep amounts within uint128, times within uint64 and windows within uint32.',
  },
  CHANNEL_CONFIG: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The channel configuration makes no usable channel.',
    fix: 'Give every party a non-zero address, and a challenge and a close window that are not zero.',
  },
  CHANNEL_KEY: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A private key is not 32 bytes between 1 and the order of secp256k1.',
    fix: 'Use a valid secp256k1 private key.',
  },
  CHANNEL_SIGNATURE: {
    advice: 'do-not-trust',
    httpStatus: 401,
    meaning: 'A signature is malformed or made by another key, or for other content, chain or contract.',
    fix: 'Sign exactly this message with the key that the channel names.',
  },
  CHANNEL_EXPIRED: {
    advice: 'retry',
    httpStatus: 401,
    meaning: 'A signed channel request or offer has expired, or lasts longer than is allowed.',
    fix: 'Sign again with an expiry a few minutes ahead; check the clocks.',
  },
  CHANNEL_IN_FLIGHT: {
    advice: 'retry',
    httpStatus: 409,
    meaning: 'The channel cannot be approved for closing while requests are in flight.',
    fix: 'Wait for the requests to end, or abort them.',
  },
  CHANNEL_ORDER: {
    advice: 'report-bug',
    httpStatus: 500,
    meaning:
      'The ledger was used out of order: an unknown reservation, or usage that shrinks or exceeds its reservation.',
    fix: 'Report it; the ledger kept its state.',
  },
  CHANNEL_OVERCHARGED: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The enclave claims a charge or an authorization beyond what was signed or used.',
    fix: 'Sign nothing more on this channel, keep the receipts, and close the channel on chain.',
  },
};

export class ChannelError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(channelErrors, code, message, options);
    this.name = 'ChannelError';
  }
}
