import { readFileSync } from 'node:fs';
import { isDcmlError, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import { closestWord } from './closest-word.ts';
import type { Option, Options } from './command.ts';
import type { ParsedFlags } from './parse-command-line.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `rpc-url` as a variable: `DCML_RPC_URL`. */
export function variableName(option: string): string {
  return `DCML_${option.replaceAll('-', '_').toUpperCase()}`;
}

/** `rpc-url` as a member of config.json: `rpc_url`. */
export function memberName(option: string): string {
  return option.replaceAll('-', '_');
}

/**
 * Reads config.json: one flat object whose members are option names of any command.
 * An absent file is an empty object. Throws `CLI_CONFIG`.
 */
export function readConfigFile(file: string, known: ReadonlySet<string>): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CliError('CLI_CONFIG', `${file}: cannot be read`, { cause });
  }
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new CliError('CLI_CONFIG', `${file}: ${isDcmlError(cause) ? cause.message : 'not JSON'}`, {
      cause,
    });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new CliError('CLI_CONFIG', `${file}: expected an object`);
  }
  for (const name of Object.keys(value)) {
    if (known.has(name)) continue;
    const close = closestWord(name, [...known]);
    const hint = close === undefined ? '' : `; did you mean ${close}?`;
    throw new CliError('CLI_CONFIG', `${file}: ${name} is not a setting${hint}`);
  }
  return value as JsonObject;
}

function readBoolean(text: string, variable: string): boolean {
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false' || text === '') return false;
  throw new CliError('CLI_CONFIG', `${variable}: expected 1, true, 0 or false`);
}

function fromFile(value: JsonValue, option: Option, name: string): string | boolean {
  if (option.type === 'boolean' && typeof value === 'boolean') return value;
  if (option.type === 'string' && typeof value === 'string') return value;
  if (option.type === 'string' && typeof value === 'number') return String(value);
  throw new CliError('CLI_CONFIG', `config.json: ${memberName(name)} must be a ${option.type}`);
}

/** Values of a command's options: flag over variable over file. Throws `CLI_CONFIG`. */
export function mergeSettings(
  options: Options,
  flags: ParsedFlags,
  env: Environment,
  file: JsonObject,
): ParsedFlags {
  const strings: Record<string, string | undefined> = {};
  const booleans: Record<string, boolean | undefined> = {};
  for (const [name, option] of Object.entries(options)) {
    const standing = option.flagOnly === true ? undefined : env[variableName(name)];
    const member = option.flagOnly === true ? undefined : file[memberName(name)];
    const stored = member === undefined ? undefined : fromFile(member, option, name);
    if (option.type === 'boolean') {
      const fromVariable = standing === undefined ? undefined : readBoolean(standing, variableName(name));
      booleans[name] = flags.booleans[name] ?? fromVariable ?? (stored as boolean | undefined);
    } else {
      strings[name] = flags.strings[name] ?? standing ?? (stored as string | undefined);
    }
  }
  return { strings, booleans };
}
