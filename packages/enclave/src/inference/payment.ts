import {
  type Admission,
  type AdmissionRefusal,
  admissionError,
  type ChannelDomain,
  type SignedVoucher,
} from '@dcml/channel';
import { asAddress } from '@dcml/core';
import { encodePaymentRequired, encodePaymentResponse, parsePaymentSignature } from '@dcml/transport';
import type { ChannelDesk } from '../channels/channel-desk.ts';
import type { ServedChannel } from '../channels/served-channel.ts';
import { EnclaveError } from '../enclave-error.ts';
import type { EngineEstimate } from '../engine/engine.ts';
import type { HostLedger } from '../host/host-ledger.ts';

/** How long a client may take to answer a demand; x402 requires the field. */
const MAX_TIMEOUT_SECONDS = 600;

export interface CashierOptions {
  readonly domain: ChannelDomain;
  readonly desk: ChannelDesk;
  readonly host: HostLedger;
}

/** A request that was paid for: its channel and what it may use. */
export interface PaidRequest {
  readonly channel: ServedChannel;
  readonly admission: Admission;
  /** The value of `PAYMENT-RESPONSE`. */
  readonly acknowledgement: string;
}

/** A refusal with the headers that tell the client how to pay. */
export class PaymentRefusal extends Error {
  readonly error: Error;
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: Error, headers: Readonly<Record<string, string>>) {
    super(error.message);
    this.error = error;
    this.headers = headers;
  }
}

/** Takes the payments of requests (docs/protocol/http.md, "Paid requests"). */
export class Cashier {
  readonly #options: CashierOptions;

  constructor(options: CashierOptions) {
    this.#options = options;
  }

  /** The channel and the voucher of a request. Throws `ENCLAVE_PAYMENT_REQUIRED`, `ENCLAVE_CHANNEL_UNKNOWN`. */
  read(header: string | undefined): { readonly channel: ServedChannel; readonly voucher: SignedVoucher } {
    if (header === undefined) {
      throw new EnclaveError('ENCLAVE_PAYMENT_REQUIRED', 'the request came without PAYMENT-SIGNATURE');
    }
    const payment = parsePaymentSignature(header);
    const { chainId, contract } = this.#options.domain;
    if (payment.terms.chainId !== chainId || payment.terms.payTo !== contract) {
      throw new EnclaveError('ENCLAVE_PAYMENT_REQUIRED', 'the payment is for another chain or contract');
    }
    const channel = this.#options.desk.get(payment.channelId);
    return {
      channel,
      voucher: {
        channelId: payment.channelId,
        maxClaimableWei: payment.maxClaimableWei,
        signature: payment.signature,
      },
    };
  }

  /**
   * Admits a request: reserves what it may use and has the host store the voucher before anything is served. A refusal
   * or a host that does not answer leaves the channel as it was.
   * Throws `PaymentRefusal`, `ENCLAVE_HOST_UNREACHABLE`.
   */
  async admit(
    channel: ServedChannel,
    voucher: SignedVoucher,
    estimate: EngineEstimate,
    resourceUrl: string,
    signal: AbortSignal,
  ): Promise<PaidRequest> {
    const { ledger } = channel;
    const preparation = ledger.prepare({
      voucher,
      promptTokens: estimate.promptTokens,
      requestedCompletionTokens: estimate.requestedCompletionTokens,
      availableCompletionTokens: estimate.availableCompletionTokens,
    });
    if (!preparation.admitted) throw this.#refusal(channel, preparation.refusal, resourceUrl);
    const { admission } = preparation;
    try {
      await this.#options.host.recordVoucher(channel.config, voucher, signal);
    } catch (error) {
      ledger.abandon(admission.reservationId);
      throw error;
    }
    ledger.commit(admission.reservationId);
    return {
      channel,
      admission,
      acknowledgement: encodePaymentResponse({
        chainId: this.#options.domain.chainId,
        payer: channel.config.payer,
        channelId: ledger.channelId,
        authorizedWei: ledger.authorizedWei,
      }),
    };
  }

  #refusal(channel: ServedChannel, refusal: AdmissionRefusal, resourceUrl: string): PaymentRefusal {
    const error = admissionError(refusal);
    const { figures } = refusal;
    if (figures === null) return new PaymentRefusal(error, {});
    const missingWei = figures.requiredMaxClaimableWei - figures.authorizedWei;
    const header = encodePaymentRequired({
      resourceUrl,
      error: error.message,
      terms: {
        chainId: this.#options.domain.chainId,
        amountWei: missingWei > 0n ? missingWei : 0n,
        asset: asAddress(channel.config.token),
        payTo: this.#options.domain.contract,
        maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
      },
      price: channel.config.price,
      shortfall: { channelId: channel.ledger.channelId, ...figures },
    });
    return new PaymentRefusal(error, { 'PAYMENT-REQUIRED': header });
  }
}
