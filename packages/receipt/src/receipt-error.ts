import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'RECEIPT_KEYSET'
  | 'RECEIPT_NONCE'
  | 'RECEIPT_REPORT'
  | 'RECEIPT_EVIDENCE'
  | 'RECEIPT_COLLATERAL'
  | 'RECEIPT_CONFIGURATION'
  | 'RECEIPT_DOCUMENT'
  | 'RECEIPT_ARCHIVE'
  | 'RECEIPT_SIGNER';

export const receiptErrors: Readonly<Record<Code, ErrorEntry>> = {
  RECEIPT_KEYSET: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A workload keyset does not have the shape of aci/1 section 3.1.',
    fix: 'Do not use the service; its keys cannot be established.',
  },
  RECEIPT_NONCE: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'An attestation nonce is not exactly 64 lowercase hex digits.',
    fix: 'Send 32 random bytes as lowercase hex, or no nonce at all.',
  },
  RECEIPT_REPORT: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'An attestation report does not have the shape of aci/1 section 4.1.',
    fix: 'Ask the service again; if it repeats, do not use it.',
  },
  RECEIPT_EVIDENCE: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The evidence of a report is of a kind or a shape that this verifier cannot check.',
    fix: 'Use a service on Intel TDX or AMD SEV-SNP, or a verifier that knows the kind.',
  },
  RECEIPT_COLLATERAL: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'Collateral does not have its JSON form, or is of another vendor than the evidence.',
    fix: 'Fetch the collateral again from the host or from the vendor.',
  },
  RECEIPT_CONFIGURATION: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The measured application compose has no valid `dcml` configuration.',
    fix: 'Use an enclave whose compose names its chain, contracts and models.',
  },
  RECEIPT_DOCUMENT: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A receipt does not have the shape of aci/1 section 7.3 or of the dcml events.',
    fix: 'Discard the receipt and treat the answer as unproven.',
  },
  RECEIPT_ARCHIVE: {
    advice: 'do-not-trust',
    httpStatus: 400,
    meaning: 'A receipt archive is not in its one canonical form, or its digest does not match.',
    fix: 'Take the original file; it was changed or cut.',
  },
  RECEIPT_SIGNER: {
    advice: 'report-bug',
    httpStatus: 500,
    meaning: 'The signer of a receipt returned something that is not a 64-byte signature.',
    fix: 'Check the enclave: it must sign with its ed25519 receipt key.',
  },
};

export type ReceiptErrorCode = Code;

export class ReceiptError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(receiptErrors, code, message, options);
    this.name = 'ReceiptError';
  }
}

/** Runs a reader of foreign data; whatever it throws becomes `code` with the reader's message. */
export function readAs<Value>(code: Code, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ReceiptError) throw cause;
    throw new ReceiptError(code, cause instanceof Error ? cause.message : 'unreadable', { cause });
  }
}
