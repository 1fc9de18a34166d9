import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'CLI_USAGE'
  | 'CLI_CONFIG'
  | 'CLI_INPUT'
  | 'CLI_NOT_RUNNING'
  | 'CLI_UNREACHABLE'
  | 'CLI_REFUSED'
  | 'CLI_INTERNAL';

export const cliErrors: Readonly<Record<Code, ErrorEntry>> = {
  CLI_USAGE: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The command line names a command, an option or an argument that does not exist or is missing.',
    fix: 'See dcml --help, or dcml COMMAND --help for examples.',
  },
  CLI_CONFIG: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The configuration file or a DCML_* variable has a value that cannot be used.',
    fix: 'Correct the value that the message names; flags override variables, variables override the file.',
  },
  CLI_INPUT: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A file given on the command line cannot be read or is not of the expected form.',
    fix: 'Check the path and that the file is complete.',
  },
  CLI_NOT_RUNNING: {
    advice: 'fix-input',
    httpStatus: 503,
    meaning: 'No network runs in this home directory.',
    fix: 'Start one with dcml up, or name another home with --home.',
  },
  CLI_UNREACHABLE: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'A server that the command needs does not answer.',
    fix: 'Check the address and that the server runs.',
  },
  CLI_REFUSED: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The enclave refused the request; nothing was charged.',
    fix: 'Look the code that the message names up in docs/errors.md.',
  },
  CLI_INTERNAL: {
    advice: 'report-bug',
    httpStatus: 500,
    meaning: 'The program met an error that it does not know.',
    fix: 'Run the command again with --verbose and report the output.',
  },
};

export class CliError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(cliErrors, code, message, options);
    this.name = 'CliError';
  }
}
