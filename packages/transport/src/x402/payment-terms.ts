import { type Address, asAddress, CoreError, type Fields, type JsonObject } from '@dcml/core';

/** Our x402 scheme: cumulative vouchers on a payment channel (docs/protocol/channel.md). */
export const paymentScheme = 'dcml-channel';

/** The part of an x402 v2 `PaymentRequirements` that is the same in a demand and in a payment. */
export interface PaymentTerms {
  readonly chainId: number;
  /** The increment: what the voucher adds, or what is missing. In the token's smallest unit. */
  readonly amountWei: bigint;
  /** The token; the zero address for the chain's own coin. */
  readonly asset: Address;
  /** The InferenceChannels contract. */
  readonly payTo: Address;
  readonly maxTimeoutSeconds: number;
}

export function encodeNetwork(chainId: number): string {
  return `eip155:${chainId}`;
}

/** A CAIP-2 name of an EVM chain. Throws `CORE_FIELD`. */
export function parseNetwork(text: string): number {
  const found = /^eip155:([1-9][0-9]{0,15})$/.exec(text);
  const chainId = Number(found?.[1]);
  if (!Number.isSafeInteger(chainId)) throw new CoreError('CORE_FIELD', 'network: expected eip155:<chainId>');
  return chainId;
}

export function encodeTerms(terms: PaymentTerms, extra: JsonObject): JsonObject {
  return {
    scheme: paymentScheme,
    network: encodeNetwork(terms.chainId),
    amount: terms.amountWei.toString(),
    asset: terms.asset,
    payTo: terms.payTo,
    maxTimeoutSeconds: terms.maxTimeoutSeconds,
    extra,
  };
}

/** Everything but `extra`, which the caller reads before it calls `done()`. Throws `CORE_FIELD`. */
export function readTerms(fields: Fields): PaymentTerms {
  fields.oneOf('scheme', [paymentScheme]);
  return {
    chainId: parseNetwork(fields.string('network', 64)),
    amountWei: fields.decimal('amount'),
    asset: asAddress(fields.string('asset', 42)),
    payTo: asAddress(fields.string('payTo', 42)),
    maxTimeoutSeconds: fields.integer('maxTimeoutSeconds', 1, 86_400),
  };
}
