import { readFile } from 'node:fs/promises';
import { isDcmlError } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import type { Command } from '../program/command.ts';
import { formatVerdict, verdictToJson } from '../program/format-verdict.ts';
import { parseTime } from '../program/read-option.ts';
import { choosePolicy } from '../settings/read-policy.ts';

async function readArchive(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'cannot be read';
    throw new CliError('CLI_INPUT', `receipt ${file}: ${why}`, { cause });
  }
}

export const verify: Command = {
  name: 'verify',
  summary: 'check a receipt with its archived evidence, offline; every check is listed',
  usage: 'FILE',
  arity: [1, 1],
  options: {
    at: {
      type: 'string',
      value: 'TIME',
      description: 'judge as of this time (default: now)',
      flagOnly: true,
    },
    policy: {
      type: 'string',
      value: 'FILE',
      description:
        "what you accept: a file, or `default` for genuine hardware only (default: the home's policy.json, else `default`)",
    },
  },
  examples: [
    'dcml verify receipt.json',
    'dcml verify receipt.json --policy default',
    'dcml verify receipt.json --at 2026-11-22T10:00:00Z --policy policy.json --json',
  ],
  async run(context) {
    const { positionals, strings, output } = context;
    const [file = ''] = positionals;
    const nowMs = parseTime('at', strings['at']) ?? Date.now();
    const bytes = await readArchive(file);
    const { name, policy } = await choosePolicy(context);
    const { verifyArchive } = await import('@dcml/receipt');
    try {
      const verdict = await verifyArchive(bytes, { policy, nowMs });
      const text = `${formatVerdict(verdict, output)}\npolicy   ${name}`;
      output.result({ file, policy: name, ...verdictToJson(verdict) }, text);
      return verdict.outcome === 'pass' ? 0 : 1;
    } catch (cause) {
      // A damaged file is no verdict: it cannot be judged at all.
      if (!isDcmlError(cause)) throw cause;
      throw new CliError('CLI_INPUT', `receipt ${file}: ${cause.message} [${cause.code}]`, { cause });
    }
  },
};
