import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidencePolicy } from '@dcml/attest';
import type { CommandContext } from '../program/command.ts';
import { readFieldsOf, readTextFile } from './read-json-file.ts';

/** The policy of a file; without one the strict default: genuine hardware only. Throws `CLI_INPUT`. */
export async function readPolicy(file: string | undefined): Promise<EvidencePolicy> {
  const { defaultPolicy, parsePolicy } = await import('@dcml/attest');
  if (file === undefined) return defaultPolicy;
  const text = await readTextFile(file, 'policy');
  return readFieldsOf(file, 'policy', () => parsePolicy(text));
}

/** A policy, and where it is from. */
export interface ChosenPolicy {
  /** A path, or `default`. */
  readonly name: string;
  readonly policy: EvidencePolicy;
}

/**
 * The policy that `--policy` names; without the option the one that the user keeps in the home, as for every other
 * command, and without that the strict default. Throws `CLI_INPUT`.
 */
export async function choosePolicy({ strings, home }: CommandContext): Promise<ChosenPolicy> {
  const given = strings['policy'];
  const kept = join(home, 'policy.json');
  const file = given ?? (existsSync(kept) ? kept : 'default');
  const policy = await readPolicy(file === 'default' ? undefined : file);
  return { name: file, policy };
}
