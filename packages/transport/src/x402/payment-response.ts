import { type Address, asAddress, asChannelId, type ChannelId } from '@dcml/core';
import { encodeHeader, parseHeader } from './header-json.ts';
import { encodeNetwork, parseNetwork } from './payment-terms.ts';

export const paymentResponseHeader = 'PAYMENT-RESPONSE';

/** What a paid answer says about the voucher. Nothing goes on chain for it, so there is no transaction. */
export interface PaymentAcknowledgement {
  readonly chainId: number;
  readonly payer: Address;
  readonly channelId: ChannelId;
  /** The newest voucher that the enclave holds. */
  readonly authorizedWei: bigint;
}

/** The value of `PAYMENT-RESPONSE`: an x402 v2 settlement response. */
export function encodePaymentResponse(acknowledgement: PaymentAcknowledgement): string {
  return encodeHeader({
    success: true,
    transaction: '',
    network: encodeNetwork(acknowledgement.chainId),
    payer: acknowledgement.payer,
    extra: {
      channel_id: acknowledgement.channelId,
      authorized: acknowledgement.authorizedWei.toString(),
    },
  });
}

/** Throws `TRANSPORT_PAYMENT_HEADER`. */
export function parsePaymentResponse(header: string): PaymentAcknowledgement {
  return parseHeader(paymentResponseHeader, header, (fields) => {
    if (!fields.boolean('success')) throw new TypeError('success is false on a paid answer');
    if (fields.string('transaction') !== '') throw new TypeError('transaction is not empty');
    const chainId = parseNetwork(fields.string('network', 64));
    const payer = asAddress(fields.string('payer', 42));
    const extra = fields.object('extra');
    const channelId = asChannelId(extra.string('channel_id', 66));
    const authorizedWei = extra.decimal('authorized');
    extra.done();
    fields.done();
    return { chainId, payer, channelId, authorizedWei };
  });
}
