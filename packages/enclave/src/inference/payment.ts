import {
  type Admission,
  type AdmissionFigures,
  type AdmissionRefusal,
  admissionError,
  type ChannelDomain,
  type SignedVoucher,
  ZERO_ADDRESS,
} from '@dcml/channel';
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

/** What a request offers in payment. */
export interface PaymentClaim {
  readonly channel: ServedChannel;
  readonly voucher: SignedVoucher;
}

/** A request that may use what was reserved for it, once its voucher is stored. */
export interface AdmittedRequest {
  readonly channel: ServedChannel;
  readonly admission: Admission;
  /**
   * Commits the reservation when the host has stored the voucher; nothing may be sent before. When the host does not,
   * the reservation is gone as if it had never been. Rejects with `ENCLAVE_HOST_UNREACHABLE`.
   */
  readonly stored: Promise<void>;
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

  /**
   * The channel and the voucher of a request. Throws a `PaymentRefusal` of `ENCLAVE_PAYMENT_REQUIRED` or
   * `ENCLAVE_CHANNEL_UNKNOWN`, and `TRANSPORT_PAYMENT_HEADER`.
   */
  read(header: string | undefined, resourceUrl: string): PaymentClaim {
    try {
      return this.#read(header);
    } catch (error) {
      if (!(error instanceof EnclaveError)) throw error;
      throw new PaymentRefusal(error, { 'PAYMENT-REQUIRED': this.#demand(error.message, resourceUrl, null) });
    }
  }

  #read(header: string | undefined): PaymentClaim {
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
   * Admits a request: reserves what it may use and has the host store the voucher. A refusal or a host that does not
   * answer leaves the channel as it was. Throws `PaymentRefusal`.
   */
  admit(
    channel: ServedChannel,
    voucher: SignedVoucher,
    estimate: EngineEstimate,
    resourceUrl: string,
    signal: AbortSignal,
  ): AdmittedRequest {
    const { ledger } = channel;
    const preparation = ledger.prepare({
      voucher,
      promptTokens: estimate.promptTokens,
      requestedCompletionTokens: estimate.requestedCompletionTokens,
      availableCompletionTokens: estimate.availableCompletionTokens,
    });
    if (!preparation.admitted) throw this.#refusal(channel, preparation.refusal, resourceUrl);
    const { admission } = preparation;
    const stored = this.#store(channel, voucher, admission, signal);
    stored.catch(() => {}); // whoever waits for it gets the error; until then it is not unhandled
    return { channel, admission, stored };
  }

  async #store(
    { config, ledger }: ServedChannel,
    voucher: SignedVoucher,
    { reservationId }: Admission,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#options.host.recordVoucher(config, voucher, signal);
    } catch (error) {
      ledger.abandon(reservationId);
      throw error;
    }
    ledger.commit(reservationId);
  }

  /** The value of `PAYMENT-RESPONSE`. */
  acknowledge({ config, ledger }: ServedChannel): string {
    return encodePaymentResponse({
      chainId: this.#options.domain.chainId,
      payer: config.payer,
      channelId: ledger.channelId,
      authorizedWei: ledger.authorizedWei,
    });
  }

  #refusal(channel: ServedChannel, refusal: AdmissionRefusal, resourceUrl: string): PaymentRefusal {
    const error = admissionError(refusal);
    const { figures } = refusal;
    if (figures === null) return new PaymentRefusal(error, {});
    const demand = this.#demand(error.message, resourceUrl, { channel, figures });
    return new PaymentRefusal(error, { 'PAYMENT-REQUIRED': demand });
  }

  /** The value of `PAYMENT-REQUIRED`: what is missing on a channel, or that a channel is. */
  #demand(
    error: string,
    resourceUrl: string,
    missing: { readonly channel: ServedChannel; readonly figures: AdmissionFigures } | null,
  ): string {
    const { chainId, contract } = this.#options.domain;
    const missingWei =
      missing === null ? 0n : missing.figures.requiredMaxClaimableWei - missing.figures.authorizedWei;
    return encodePaymentRequired({
      resourceUrl,
      error,
      terms: {
        chainId,
        amountWei: missingWei > 0n ? missingWei : 0n,
        asset: missing?.channel.config.token ?? ZERO_ADDRESS,
        payTo: contract,
        maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
      },
      price: missing?.channel.config.price ?? null,
      shortfall: missing && { channelId: missing.channel.ledger.channelId, ...missing.figures },
    });
  }
}
