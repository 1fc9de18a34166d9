import type { EvidencePolicy } from '@dcml/attest';
import { readFieldsOf, readTextFile } from './read-json-file.ts';

/** The policy of a file; without one the strict default: genuine hardware only. Throws `CLI_INPUT`. */
export async function readPolicy(file: string | undefined): Promise<EvidencePolicy> {
  const { defaultPolicy, parsePolicy } = await import('@dcml/attest');
  if (file === undefined) return defaultPolicy;
  const text = await readTextFile(file, 'policy');
  return readFieldsOf(file, 'policy', () => parsePolicy(text));
}
