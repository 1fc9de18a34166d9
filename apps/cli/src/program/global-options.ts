import type { Options } from './command.ts';

/** Options that every command takes. */
export const globalOptions: Options = {
  home: {
    type: 'string',
    value: 'DIR',
    description: 'state directory (default: $XDG_DATA_HOME/dcml)',
  },
  json: { type: 'boolean', description: 'print one JSON object instead of text', flagOnly: true },
  verbose: { type: 'boolean', description: 'show the causes of errors' },
  help: { type: 'boolean', short: 'h', description: 'show help', flagOnly: true },
};
