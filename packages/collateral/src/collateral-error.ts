import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'COLLATERAL_INPUT'
  | 'COLLATERAL_UNREACHABLE'
  | 'COLLATERAL_TIMEOUT'
  | 'COLLATERAL_RATE_LIMITED'
  | 'COLLATERAL_UNKNOWN'
  | 'COLLATERAL_ANSWER'
  | 'COLLATERAL_UNAUTHENTIC'
  | 'COLLATERAL_EXPIRED'
  | 'COLLATERAL_ROLLBACK'
  | 'COLLATERAL_MIXED'
  | 'COLLATERAL_OFFLINE'
  | 'COLLATERAL_CACHE';

export const collateralErrors: Readonly<Record<Code, ErrorEntry>> = {
  COLLATERAL_INPUT: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A quote, report, address or setting does not say what to fetch, or from where.',
    fix: 'Correct what the message names.',
  },
  COLLATERAL_UNREACHABLE: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The collateral service gave no answer.',
    fix: 'Try again later; check the address, the network, the proxy variables and, for a PCCS, its CA file.',
  },
  COLLATERAL_TIMEOUT: {
    advice: 'retry',
    httpStatus: 504,
    meaning: 'The collateral service did not finish its answer in time.',
    fix: 'Try again later, or allow more time.',
  },
  COLLATERAL_RATE_LIMITED: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The collateral service asks its callers to slow down.',
    fix: 'Try again at the time in the details, and keep a cache directory so that each document is fetched once.',
  },
  COLLATERAL_UNKNOWN: {
    advice: 'fix-input',
    httpStatus: 404,
    meaning: 'The collateral service knows no such platform or document.',
    fix: 'Check the FMSPC, chip id or manifest id; a PCCS has to be filled with the platform first.',
  },
  COLLATERAL_ANSWER: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The answer of a collateral service is not in its published form.',
    fix: 'Check that the address is that of such a service, then try again; nothing was stored.',
  },
  COLLATERAL_UNAUTHENTIC: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A document is not signed by its vendor under a root of the policy, or is about something else.',
    fix: 'Use another service: this one, or the way to it, serves forged or foreign documents. Nothing was stored.',
  },
  COLLATERAL_EXPIRED: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'A document is authentic and not current.',
    fix: 'Check the clock of this machine; if it is right the service is stale: refresh the PCCS or use another.',
  },
  COLLATERAL_ROLLBACK: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A service gave an older document than the one that the cache has had.',
    fix: 'Use another service: this one replays old documents. The newer one was kept.',
  },
  COLLATERAL_MIXED: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'TCB info and QE identity belong to different TCB recoveries.',
    fix: 'Try again later, or name one evaluation data number.',
  },
  COLLATERAL_OFFLINE: {
    advice: 'fix-input',
    httpStatus: 503,
    meaning: 'The cache has no current document, and fetching is switched off.',
    fix: 'Fetch once with a network, or copy a cache directory from a machine that has one.',
  },
  COLLATERAL_CACHE: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The cache directory cannot be used.',
    fix: 'Check that this user may write it and that the disk has room; the directory may be deleted at any time.',
  },
};

export class CollateralError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(collateralErrors, code, message, options);
    this.name = 'CollateralError';
  }
}

/** A document that is not what its vendor signed for this request. */
export function unauthentic(what: string, problem: string, cause?: unknown): CollateralError {
  return new CollateralError('COLLATERAL_UNAUTHENTIC', `${what}: ${problem}`, { cause });
}
