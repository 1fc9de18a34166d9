import { asChannelId, type ChannelId, fromPrefixedHex, type Hex } from '@dcml/core';
import { encodeHeader, parseHeader, readVersion } from './header-json.ts';
import { encodeTerms, type PaymentTerms, readTerms } from './payment-terms.ts';

export const paymentSignatureHeader = 'PAYMENT-SIGNATURE';

/** A voucher as it travels with a request. */
export interface ChannelPayment {
  readonly terms: PaymentTerms;
  readonly channelId: ChannelId;
  /** Cumulative. */
  readonly maxClaimableWei: bigint;
  /** 65 bytes: r, s, v. */
  readonly signature: Hex;
}

/** The value of `PAYMENT-SIGNATURE`: an x402 v2 payment payload of scheme `dcml-channel`. */
export function encodePaymentSignature(payment: ChannelPayment): string {
  return encodeHeader({
    x402Version: 2,
    accepted: encodeTerms(payment.terms, {}),
    payload: {
      channelId: payment.channelId,
      maxClaimable: payment.maxClaimableWei.toString(),
      signature: payment.signature,
    },
  });
}

/**
 * Syntax only: whether the voucher is worth anything is the channel's question.
 * `resource` and `extensions`, which generic x402 clients add, say nothing here. Throws `TRANSPORT_PAYMENT_HEADER`.
 */
export function parsePaymentSignature(header: string): ChannelPayment {
  return parseHeader(paymentSignatureHeader, header, (fields) => {
    readVersion(fields);
    fields.optional('resource');
    fields.optional('extensions');
    const accepted = fields.object('accepted');
    const terms = readTerms(accepted);
    accepted.optional('extra');
    accepted.done();
    const payload = fields.object('payload');
    const channelId = asChannelId(payload.string('channelId', 66));
    const maxClaimableWei = payload.decimal('maxClaimable');
    const signature = payload.string('signature', 132);
    fromPrefixedHex(signature, 'signature', 65);
    payload.done();
    fields.done();
    return { terms, channelId, maxClaimableWei, signature: signature as Hex };
  });
}
