import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code = 'ATTEST_REFUSED' | 'ATTEST_FORMAT' | 'ATTEST_POLICY' | 'ATTEST_NO_WEBCRYPTO';

export const attestErrors: Readonly<Record<Code, ErrorEntry>> = {
  ATTEST_REFUSED: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The evidence was read and checked, and it does not satisfy the policy.',
    fix: 'Send nothing to this enclave; the details name each claim that failed or could not be checked.',
  },
  ATTEST_FORMAT: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A quote, certificate, revocation list or signed document is not in its one permitted form.',
    fix: 'Get the evidence again from its source; the message names the structure and the byte offset.',
  },
  ATTEST_POLICY: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'An evidence policy is not valid.',
    fix: 'Correct the member of the policy that the message names.',
  },
  ATTEST_NO_WEBCRYPTO: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'This environment has no WebCrypto, so no signature can be checked.',
    fix: 'Run in Node 20 or newer, or in a browser on a secure origin (https or localhost).',
  },
};

export class AttestError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(attestErrors, code, message, options);
    this.name = 'AttestError';
  }
}

/** A structure that is not in its permitted form, with the offset where that showed. */
export function formatError(what: string, problem: string, offset?: number): AttestError {
  return offset === undefined
    ? new AttestError('ATTEST_FORMAT', `${what}: ${problem}`)
    : new AttestError('ATTEST_FORMAT', `${what}: ${problem} at offset ${offset}`, { details: { offset } });
}
