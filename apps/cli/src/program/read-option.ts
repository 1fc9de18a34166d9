import { fromHex } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from './command.ts';

/** A TCP port from 0 (the system chooses) to 65535, or undefined when the option was not given. Throws `CLI_USAGE`. */
export function parsePort(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535) {
    throw new CliError('CLI_USAGE', `--${option}: expected a port from 0 to 65535, got ${text}`);
  }
  return port;
}

/** A point in time in milliseconds, from RFC 3339 text or Unix seconds. Throws `CLI_USAGE`. */
export function parseTime(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,12}$/.test(text)) return Number(text) * 1000;
  const isDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const time = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    const example = '2026-11-22T10:00:00Z, 2026-11-22, or Unix seconds';
    throw new CliError('CLI_USAGE', `--${option}: expected a time such as ${example}, got ${text}`);
  }
  return time;
}

/** An amount in wei from `0.05eth`, `20gwei` or plain wei. Throws `CLI_USAGE`. */
export function parseAmount(option: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+)(?:\.(\d+))?\s*(eth|gwei|wei)?$/i.exec(text);
  if (match === null) {
    throw new CliError(
      'CLI_USAGE',
      `--${option}: expected an amount such as 0.05eth, 20gwei or 100, got ${text}`,
    );
  }
  const [, whole = '0', fraction = '', unit = 'wei'] = match;
  const decimals = { eth: 18, gwei: 9, wei: 0 }[unit.toLowerCase() as 'eth' | 'gwei' | 'wei'];
  if (fraction.length > decimals) {
    throw new CliError('CLI_USAGE', `--${option}: ${text} has more than ${decimals} decimals`);
  }
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

/** A number within the bounds, both included. Throws `CLI_USAGE`. */
export function parseNumber(
  option: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CliError('CLI_USAGE', `--${option}: expected a number from ${min} to ${max}, got ${text}`);
}

/** A whole number from 0 to 2^31 - 1. Throws `CLI_USAGE`. */
export function parseCount(option: string, text: string | undefined): number | undefined {
  const value = parseNumber(option, text, 0, 2 ** 31 - 1);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new CliError('CLI_USAGE', `--${option}: expected a whole number, got ${text}`);
}

/** Every value of a repeatable option, in order. */
export function listValues(text: string | undefined): string[] {
  return text === undefined ? [] : text.split('\n').filter((value) => value !== '');
}

/** Bytes in hex, either case, with `0x` or without. Throws `CLI_USAGE`. */
export function parseHexBytes(option: string, text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const digits = text.replace(/^0[xX]/, '').toLowerCase();
  if (digits.length % 2 !== 0 || !/^[0-9a-f]+$/.test(digits)) {
    throw new CliError('CLI_USAGE', `--${option}: expected bytes in hex, got ${text.slice(0, 80)}`);
  }
  return fromHex(digits);
}

/** An option that a command cannot do without. Throws `CLI_USAGE`. */
export function requireString(context: CommandContext, option: string): string {
  const value = context.strings[option];
  if (value === undefined) throw new CliError('CLI_USAGE', `--${option} is needed`);
  return value;
}
