import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code = 'CHAIN_UNREACHABLE' | 'CHAIN_ANSWER' | 'CHAIN_PROOF' | 'CHAIN_UPDATE' | 'CHAIN_FORMAT';

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
  CHAIN_PROOF: {
    advice: 'do-not-trust',
    httpStatus: 400,
    meaning: 'A proof about the chain does not prove what it is shown for.',
    fix: 'Get the proof again, for the block that the light client names.',
  },
  CHAIN_UPDATE: {
    advice: 'do-not-trust',
    httpStatus: 400,
    meaning:
      'A light-client update is not signed by the sync committee, or does not follow from what is known.',
    fix: 'Get newer updates in order from another beacon node; the message names the check that failed.',
  },
  CHAIN_FORMAT: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A light-client document or a network configuration is not in its permitted form.',
    fix: 'Correct the member that the message names.',
  },
};

export class ChainError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(chainErrors, code, message, options);
    this.name = 'ChainError';
  }
}
