import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'EVM_UNREACHABLE'
  | 'EVM_ANSWER'
  | 'EVM_REVERTED'
  | 'EVM_INSUFFICIENT_FUNDS'
  | 'EVM_WRONG_CHAIN'
  | 'EVM_NO_CONTRACT'
  | 'EVM_NO_ACCOUNT'
  | 'EVM_NOT_MINED';

export const evmErrors: Readonly<Record<Code, ErrorEntry>> = {
  EVM_UNREACHABLE: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The chain node did not answer.',
    fix: 'Check the RPC address and that the node runs, then try again.',
  },
  EVM_ANSWER: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'The chain node refused the request or answered something that it should not.',
    fix: 'Read the message; use another node if it persists.',
  },
  EVM_REVERTED: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: "The contract refused the call; details.error is the contract's own error name.",
    fix: 'Look the error up in docs/protocol/contracts.md and correct what it names.',
  },
  EVM_INSUFFICIENT_FUNDS: {
    advice: 'fix-input',
    httpStatus: 402,
    meaning: 'The sending account cannot pay the value and the gas.',
    fix: 'Send coin to the account, or use a smaller amount.',
  },
  EVM_WRONG_CHAIN: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'The node serves another chain than the one that was asked for.',
    fix: 'Use a node of the chain that the message names.',
  },
  EVM_NO_CONTRACT: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'There is no contract at the address, or the two contracts do not belong together.',
    fix: 'Use the addresses that were deployed on this chain.',
  },
  EVM_NO_ACCOUNT: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The client was made without a key, so it can read but not send.',
    fix: 'Give createChainClient an account.',
  },
  EVM_NOT_MINED: {
    advice: 'retry',
    httpStatus: 504,
    meaning: 'The transaction was sent but no block took it in time; it may still be mined.',
    fix: 'Look up details.hash before sending again.',
  },
};

export class EvmError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(evmErrors, code, message, options);
    this.name = 'EvmError';
  }
}
