import { Fields, fromHex, type JsonValue, parseJson } from '@dcml/core';
import { formatError } from '../attest-error.ts';

export type ComponentStatus = 'UpToDate' | 'OutOfDate' | 'Revoked';
const componentStatuses: readonly ComponentStatus[] = ['UpToDate', 'OutOfDate', 'Revoked'];

/** What TCB info and QE identity have in common. */
export interface SignedDocument {
  readonly issueDateMs: number;
  readonly nextUpdateMs: number;
  readonly tcbEvaluationDataNumber: number;
}

/** A TCB level of a module or an enclave: at least this SVN has this status. */
export interface SvnLevel {
  readonly isvSvn: number;
  readonly status: ComponentStatus;
  readonly advisories: readonly string[];
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export function parseSignedText(text: string, what: string): Fields {
  return new Fields(parseJson(text), what);
}

function readInstant(fields: Fields, name: string): number {
  const text = fields.string(name, 32);
  const ms = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw formatError(fields.path, `${name} is not a time such as 2025-06-19T10:16:03Z`);
  return ms;
}

export function readDocument(fields: Fields): SignedDocument {
  return {
    issueDateMs: readInstant(fields, 'issueDate'),
    nextUpdateMs: readInstant(fields, 'nextUpdate'),
    tcbEvaluationDataNumber: fields.integer('tcbEvaluationDataNumber', 0, 1_000_000),
  };
}

/** Bytes of hex in either case: Intel's services use both. */
export function readHex(fields: Fields, name: string, length: number): Uint8Array {
  return fromHex(fields.string(name, 2 * length).toLowerCase(), `${fields.path}.${name}`, length);
}

export function readItems(fields: Fields, name: string, maxItems: number): Fields[] {
  return fields
    .array(name, maxItems)
    .map((item: JsonValue, i: number) => new Fields(item, `${fields.path}.${name}[${i}]`));
}

export function readAdvisories(level: Fields): string[] {
  if (!level.has('advisoryIDs')) return [];
  return level.array('advisoryIDs', 1000).map((advisory) => {
    if (typeof advisory !== 'string' || advisory.length > 100) {
      throw formatError(level.path, 'an advisory id is not a short string');
    }
    return advisory;
  });
}

export function readSvnLevels(fields: Fields): SvnLevel[] {
  return readItems(fields, 'tcbLevels', 100).map((level) => ({
    isvSvn: level.object('tcb').integer('isvsvn', 0, 65_535),
    status: level.oneOf('tcbStatus', componentStatuses),
    advisories: readAdvisories(level),
  }));
}

/** The first level that `svn` reaches; levels come best first. */
export function findSvnLevel(levels: readonly SvnLevel[], svn: number): SvnLevel | undefined {
  return levels.find((level) => svn >= level.isvSvn);
}
