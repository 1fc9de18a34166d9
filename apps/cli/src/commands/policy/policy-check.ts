import type { PolicyRemark } from '@dcml/attest';
import { isDcmlError } from '@dcml/core';
import type { Command } from '../../program/command.ts';
import { printable } from '../../program/output.ts';
import { readInput } from '../attest/read-input.ts';

const MAX_POLICY_BYTES = 4 << 20;

interface Refusal {
  readonly message: string;
  readonly path: string | null;
}

/** Valid policy with remarks, or the first thing that is wrong with it. Throws what is no refusal. */
async function examine(
  bytes: Uint8Array,
): Promise<{ remarks: readonly PolicyRemark[] } | { refusal: Refusal }> {
  const { parsePolicy, reviewPolicy } = await import('@dcml/attest');
  const { decodeUtf8 } = await import('@dcml/core');
  try {
    return { remarks: reviewPolicy(parsePolicy(decodeUtf8(bytes))) };
  } catch (error) {
    if (!isDcmlError(error)) throw error;
    const { path } = error.details;
    return { refusal: { message: error.message, path: typeof path === 'string' ? path : null } };
  }
}

export const policyCheck: Command = {
  name: 'policy check',
  summary: 'check a policy file, and point out what it accepts beyond the default',
  usage: 'FILE',
  arity: [1, 1],
  options: {},
  examples: ['dcml policy check policy.json', 'dcml policy check policy.json --json'],
  async run({ positionals, output }) {
    const [file = ''] = positionals;
    const found = await examine(await readInput(file, MAX_POLICY_BYTES));
    if ('refusal' in found) {
      const { message, path } = found.refusal;
      output.result(
        { file, valid: false, path, problem: message, warnings: [] },
        `${output.red('INVALID')}  ${printable(message)}`,
      );
      return 1;
    }
    const lines = found.remarks.map(({ path, text }) => `${output.yellow('warning')}  ${path}: ${text}`);
    output.result(
      {
        file,
        valid: true,
        path: null,
        problem: null,
        warnings: found.remarks.map((remark) => ({ ...remark })),
      },
      [...lines.map((line) => printable(line)), `${output.green('valid')}    ${file}`].join('\n'),
    );
    return 0;
  },
};
