import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'NETWORK_HOME_BUSY'
  | 'NETWORK_HOME_UNUSABLE'
  | 'NETWORK_PORT_TAKEN'
  | 'NETWORK_CHILD_DIED'
  | 'NETWORK_CHILD_SLOW';

export const networkErrors: Readonly<Record<Code, ErrorEntry>> = {
  NETWORK_HOME_BUSY: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'A network runs in this home directory already.',
    fix: 'Stop it with dcml down, or give this one another directory with --home.',
  },
  NETWORK_HOME_UNUSABLE: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The home directory cannot be written, or holds state that this version cannot read.',
    fix: 'Correct its permissions or free disk space, or name another directory with --home.',
  },
  NETWORK_PORT_TAKEN: {
    advice: 'fix-input',
    httpStatus: 409,
    meaning: 'A port that the network should listen on is in use.',
    fix: 'Stop the program that uses it, or choose another port with the option that the message names.',
  },
  NETWORK_CHILD_DIED: {
    advice: 'retry',
    httpStatus: 500,
    meaning: 'A process of the network ended by itself; the others were stopped.',
    fix: 'Read the log file that the message names, then run dcml up again: it continues from the stored state.',
  },
  NETWORK_CHILD_SLOW: {
    advice: 'retry',
    httpStatus: 500,
    meaning: 'A process of the network was not ready in time.',
    fix: 'Read the log file that the message names; a busy machine may need a second try.',
  },
};

export class NetworkError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(networkErrors, code, message, options);
    this.name = 'NetworkError';
  }
}
