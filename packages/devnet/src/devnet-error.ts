import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code = 'DEVNET_CHAIN_MISSING' | 'DEVNET_CHAIN_START' | 'DEVNET_CHAIN_STATE' | 'DEVNET_PORT_TAKEN';

export const devnetErrors: Readonly<Record<Code, ErrorEntry>> = {
  DEVNET_CHAIN_MISSING: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The local chain (anvil) is not installed for this system.',
    fix: 'Run npm install without --omit=optional, or use a real chain by its RPC address.',
  },
  DEVNET_CHAIN_START: {
    advice: 'retry',
    httpStatus: 500,
    meaning: 'The local chain did not start or did not take over its stored state.',
    fix: 'Read the message; if the stored state is the reason, use another data directory.',
  },
  DEVNET_CHAIN_STATE: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'A file of the local chain cannot be read or written, or belongs to another chain.',
    fix: 'Check the disk and the file that the message names, or use another data directory.',
  },
  DEVNET_PORT_TAKEN: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'Another process listens on the port.',
    fix: 'Choose another port, or 0 for any free one.',
  },
};

export class DevnetError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(devnetErrors, code, message, options);
    this.name = 'DevnetError';
  }
}
