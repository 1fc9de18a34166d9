import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code = 'CHAIN_UNREACHABLE' | 'CHAIN_ANSWER';

export const chainErrors: Readonly<Record<Code, ErrorEntry>> = {
  CHAIN_UNREACHABLE: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The chain could not be read.',
    fix: 'Try again; the host checks its chain node if it persists.',
  },
  CHAIN_ANSWER: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'The chain node answered something that the channels contract cannot have said.',
    fix: 'Check that the contract address and the chain belong together, or use another node.',
  },
};

export class ChainError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(chainErrors, code, message, options);
    this.name = 'ChainError';
  }
}
