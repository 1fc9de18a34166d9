import type { Command, Options } from './command.ts';
import { globalOptions } from './global-options.ts';
import { memberName, variableName } from './settings.ts';

function optionLines(options: Options): string[] {
  const entries = Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `;
    const value = option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : '';
    return { left: `  ${short}--${name}${value}`, description: option.description };
  });
  const width = Math.max(...entries.map((entry) => entry.left.length)) + 2;
  return entries.map(({ left, description }) => `${left.padEnd(width)}${description}`);
}

/** Help of one command, with its examples. */
export function formatCommandHelp(command: Command): string {
  const usage = command.usage === '' ? '' : ` ${command.usage}`;
  const own =
    Object.keys(command.options).length > 0 ? ['', 'Options:', ...optionLines(command.options)] : [];
  const standing = Object.entries(command.options).find(([, option]) => option.flagOnly !== true)?.[0];
  const note =
    standing === undefined
      ? []
      : [
          '',
          `Options may stand as variables (${variableName(standing)}) or in config.json of the home directory`,
          `("${memberName(standing)}"); flags override variables, variables override the file.`,
        ];
  return [
    command.summary,
    '',
    `Usage: dcml ${command.name}${usage} [OPTIONS]`,
    ...own,
    '',
    'Everywhere:',
    ...optionLines(globalOptions),
    ...note,
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
  ].join('\n');
}

/** Help of the whole program. */
export function formatProgramHelp(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2;
  return [
    `dcml ${version}: private, verifiable, paid inference on other people's hardware`,
    '',
    'Usage: dcml COMMAND [OPTIONS]',
    '',
    'Commands:',
    ...commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
    '',
    'Everywhere:',
    ...optionLines(globalOptions),
    '',
    'Exit codes: 0 done; 1 failed; 2 the command line or its input cannot be used; 130 interrupted.',
    '',
    'Examples:',
    '  dcml up',
    '  dcml chat "What is a confidential virtual machine?"',
    '  dcml COMMAND --help',
  ].join('\n');
}
