import { parseArgs } from 'node:util';
import { CliError } from '../cli-error.ts';
import { closestWord } from './closest-word.ts';
import type { Command } from './command.ts';
import { globalOptions } from './global-options.ts';

export interface ParsedFlags {
  readonly strings: Readonly<Record<string, string | undefined>>;
  readonly booleans: Readonly<Record<string, boolean | undefined>>;
}

export interface ParsedCommand extends ParsedFlags {
  readonly command: Command;
  readonly positionals: readonly string[];
}

function suggest(word: string, candidates: readonly string[], prefix = ''): string {
  const close = closestWord(word, candidates);
  return close === undefined ? '' : `; did you mean ${prefix}${close}?`;
}

/** The command that the first words name, and the words after it. Throws `CLI_USAGE`. */
export function findCommand(
  words: readonly string[],
  commands: readonly Command[],
): { command: Command; rest: readonly string[] } {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  const [first = ''] = words;
  const family = commands.filter((command) => command.name.startsWith(`${first} `));
  if (family.length > 0) {
    const choices = family.map((command) => command.name.slice(first.length + 1));
    const [, second = ''] = words;
    const why = second === '' || second.startsWith('-') ? 'what?' : `${second}: no such command`;
    throw new CliError(
      'CLI_USAGE',
      `dcml ${first} ${why}${suggest(second, choices)} (one of ${choices.join(', ')})`,
    );
  }
  const names = commands.map((command) => command.name);
  throw new CliError('CLI_USAGE', `${first}: no such command${suggest(first, names, 'dcml ')}`);
}

/** Reads the flags and arguments of one command. Unknown flags are refused with a suggestion. Throws `CLI_USAGE`. */
export function parseCommandLine(command: Command, words: readonly string[]): ParsedCommand {
  const options = { ...command.options, ...globalOptions };
  const strings: Record<string, string | undefined> = {};
  const booleans: Record<string, boolean | undefined> = {};
  const positionals: string[] = [];
  const config = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      { type: option.type, ...(option.short === undefined ? {} : { short: option.short }) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...words],
    options: config,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = options[name];
    const isNegated = rawName === `--no-${name}`;
    if (option === undefined || (isNegated && option.type === 'string')) {
      const hint = suggest(name, Object.keys(options), '--');
      throw new CliError('CLI_USAGE', `${rawName}: dcml ${command.name} has no such option${hint}`);
    }
    if (option.type === 'boolean') {
      if (value !== undefined) throw new CliError('CLI_USAGE', `--${name} takes no value`);
      booleans[name] = !isNegated;
    } else {
      // `--home --json` forgot the directory; a value that does begin with dashes is written --home=--json.
      const isMissing = value === undefined || (token.inlineValue !== true && value.startsWith('--'));
      if (isMissing) throw new CliError('CLI_USAGE', `--${name} needs a value: --${name} ${option.value}`);
      const before = option.repeatable === true ? strings[name] : undefined;
      strings[name] = before === undefined ? value : `${before}\n${value}`;
    }
  }
  return { command, strings, booleans, positionals };
}

/** Throws `CLI_USAGE` when the number of arguments is not what the command takes. */
export function assertArity({ command, positionals }: ParsedCommand): void {
  const [least, most] = command.arity;
  if (positionals.length < least) {
    throw new CliError('CLI_USAGE', `dcml ${command.name} needs ${command.usage}`);
  }
  if (positionals.length > most) {
    throw new CliError('CLI_USAGE', `dcml ${command.name}: ${positionals[most]} is one argument too many`);
  }
}
