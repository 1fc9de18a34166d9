import { join } from 'node:path';
import type { Command, ExitCode } from './command.ts';
import { formatCommandHelp, formatProgramHelp } from './format-help.ts';
import { globalOptions } from './global-options.ts';
import { resolveHome } from './home.ts';
import { createOutput, type OutputStreams } from './output.ts';
import { assertArity, findCommand, type ParsedCommand, parseCommandLine } from './parse-command-line.ts';
import { reportError } from './report-error.ts';
import { memberName, mergeSettings, readConfigFile } from './settings.ts';

export interface ProgramEnvironment extends OutputStreams {
  readonly commands: readonly Command[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly version: string;
}

/** Members that config.json may have: options of any command. */
function knownMembers(commands: readonly Command[]): ReadonlySet<string> {
  const all = [globalOptions, ...commands.map((command) => command.options)];
  const standing = all.flatMap((options) =>
    Object.entries(options).filter(([, option]) => option.flagOnly !== true),
  );
  return new Set(standing.map(([name]) => memberName(name)));
}

async function runCommand(parsed: ParsedCommand, program: ProgramEnvironment): Promise<ExitCode> {
  const { command, positionals } = parsed;
  assertArity(parsed);
  const home = resolveHome(parsed.strings['home'], program.env);
  const file = readConfigFile(join(home, 'config.json'), knownMembers(program.commands));
  const { strings, booleans } = mergeSettings(
    { ...command.options, ...globalOptions },
    parsed,
    program.env,
    file,
  );
  const json = booleans['json'] === true;
  const output = createOutput(program, program.env, json);
  return command.run({
    positionals,
    strings,
    booleans,
    home,
    json,
    output,
    signal: program.signal,
    env: program.env,
  });
}

function printHelp(program: ProgramEnvironment, command?: Command): ExitCode {
  program.stdout.write(
    `${command === undefined ? formatProgramHelp(program.commands, program.version) : formatCommandHelp(command)}\n`,
  );
  return 0;
}

/** Runs one command line and returns its exit code; every error is reported and none is thrown. */
export async function runProgram(words: readonly string[], program: ProgramEnvironment): Promise<ExitCode> {
  const flags = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  // Even a command line that cannot be read is answered in the asked form.
  const style = { json: flags.includes('--json'), verbose: flags.includes('--verbose') };
  try {
    if (words.length === 0 || ['help', '--help', '-h'].includes(words[0] ?? '')) {
      return printHelp(
        program,
        program.commands.find((one) => one.name === words.slice(1).join(' ')),
      );
    }
    if (words[0] === '--version') {
      program.stdout.write(`${program.version}\n`);
      return 0;
    }
    const { command, rest } = findCommand(words, program.commands);
    const parsed = parseCommandLine(command, rest);
    if (parsed.booleans['help'] === true) return printHelp(program, command);
    return await runCommand(parsed, program);
  } catch (error) {
    if (program.signal.aborted && error === program.signal.reason) return 1;
    return reportError(error, program.stderr, style);
  }
}
