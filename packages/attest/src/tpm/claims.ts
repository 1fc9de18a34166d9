import type { ClaimPlan, ClaimSheet } from '../claim-sheet.ts';

export type AkClaimName = 'trusted_root' | 'ak_chain' | 'ak_not_revoked';

/** Claims about the certificate of an attestation key. */
export const akClaimPlan: ClaimPlan<AkClaimName> = [
  ['trusted_root', 'verifier_derived'],
  ['ak_chain', 'verifier_derived'],
  ['ak_not_revoked', 'verifier_derived'],
];

export type TpmQuoteClaimName =
  | 'tpm_quote_format'
  | 'tpm_quote_signature'
  | 'pcr_bank'
  | 'pcr_digest'
  | 'pcrs_required'
  | 'pcrs_accepted'
  | 'event_log_replay'
  | 'event_payloads';

/** In every plan with a TPM quote: it has to be readable before anything else. */
export const tpmFormatPlan: ClaimPlan<'tpm_quote_format'> = [['tpm_quote_format', 'verifier_derived']];

/** Claims about a quote under a known key, in the order in which they build on each other. */
export const tpmQuotePlan: ClaimPlan<Exclude<TpmQuoteClaimName, 'tpm_quote_format'>> = [
  ['tpm_quote_signature', 'hardware_proven'],
  ['pcr_bank', 'hardware_proven'],
  ['pcr_digest', 'hardware_proven'],
  ['pcrs_required', 'hardware_proven'],
  ['pcrs_accepted', 'hardware_proven'],
  ['event_log_replay', 'hardware_proven'],
  ['event_payloads', 'hardware_proven'],
];

type Sheet<Name extends string> = Pick<ClaimSheet<Name>, 'check' | 'waive' | 'leaveOpen'>;

/** A sheet that has at least the claims of a quote. */
export type TpmQuoteSheet = Sheet<TpmQuoteClaimName>;
/** A sheet that has at least the claims of a certified attestation key. */
export type AkSheet = Sheet<AkClaimName>;
