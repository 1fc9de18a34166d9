import { type AdmissionRefusalCode, ChannelError, channelErrors } from '../channel-error.ts';
import type { SignedVoucher } from '../types.ts';

/** A request as the ledger sees it. Token counts are whole and not negative. */
export interface AdmissionRequest {
  /**
   * Null rides on earlier vouchers. The ledger cannot know who asks then: channel ids are public and the host
   * stores vouchers, so the caller must have authenticated the payer. The enclave never passes null.
   */
  readonly voucher: SignedVoucher | null;
  /** Upper bound of the prompt's tokens. */
  readonly promptTokens: number;
  /** Upper bound that the request names, over all choices; null leaves it to what is authorized. */
  readonly requestedCompletionTokens: number | null;
  /** What the model's context leaves room for, over all choices. */
  readonly availableCompletionTokens: number;
}

export interface Admission {
  readonly reservationId: number;
  /** To be stored by the caller before it commits; null when the request rides on earlier ones. */
  readonly voucher: SignedVoucher | null;
  /** What the answer may use; never charged beyond. */
  readonly maxCompletionTokens: number;
}

/** Amounts in the token's smallest unit, owner and host together. */
export interface AdmissionFigures {
  readonly authorizedWei: bigint;
  readonly chargedWei: bigint;
  /** What requests in flight may still be charged. */
  readonly reservedWei: bigint;
  readonly depositWei: bigint;
  /** The smallest voucher that would admit the request now. */
  readonly requiredMaxClaimableWei: bigint;
}

export interface AdmissionRefusal {
  readonly code: AdmissionRefusalCode;
  /** Null while it is not known that the payer asks: nobody else may learn what the channel has spent. */
  readonly figures: AdmissionFigures | null;
}

export type Preparation =
  | { readonly admitted: true; readonly admission: Admission }
  | { readonly admitted: false; readonly refusal: AdmissionRefusal };

/** The refusal as an error, amounts as decimal strings. */
export function admissionError(refusal: AdmissionRefusal): ChannelError {
  const { code, figures } = refusal;
  const message = channelErrors[code].meaning;
  if (figures === null) return new ChannelError(code, message);
  return new ChannelError(code, message, {
    details: {
      authorized: String(figures.authorizedWei),
      charged: String(figures.chargedWei),
      reserved: String(figures.reservedWei),
      deposit: String(figures.depositWei),
      required_max_claimable: String(figures.requiredMaxClaimableWei),
    },
  });
}
