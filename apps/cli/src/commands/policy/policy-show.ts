import { join } from 'node:path';
import type { JsonObject } from '@dcml/core';
import { CliError } from '../../cli-error.ts';
import type { Command, CommandContext } from '../../program/command.ts';
import { readPolicy } from '../../settings/read-policy.ts';

async function namedPolicy(name: string, { home }: CommandContext): ReturnType<typeof readPolicy> {
  const { defaultPolicy, hardwarePolicy } = await import('@dcml/attest');
  switch (name) {
    case 'default':
      return defaultPolicy;
    case 'hardware':
      return hardwarePolicy;
    case 'home':
      return readPolicy(join(home, 'policy.json'));
    default:
      throw new CliError('CLI_USAGE', `${name}: expected default, hardware or home`);
  }
}

export const policyShow: Command = {
  name: 'policy show',
  summary: 'print a policy to start from: the strict default, hardware alone, or that of this home',
  usage: '[default|hardware|home]',
  arity: [0, 1],
  options: {},
  examples: [
    'dcml policy show default > policy.json',
    'dcml policy show hardware',
    'dcml policy show home --json',
  ],
  async run(context) {
    const { positionals, output } = context;
    const { encodePolicy } = await import('@dcml/attest');
    const text = encodePolicy(await namedPolicy(positionals[0] ?? 'default', context));
    output.result(JSON.parse(text) as JsonObject, text.trimEnd());
    return 0;
  },
};
