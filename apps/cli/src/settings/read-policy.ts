import { defaultPolicy, type EvidencePolicy } from '@dcml/attest';
import { parseEvidencePolicy } from './evidence-policy.ts';
import { readFieldsOf, readJsonFile } from './read-json-file.ts';

/** The policy of a file; without one the strict default: genuine hardware only. Throws `CLI_INPUT`. */
export async function readPolicy(file: string | undefined): Promise<EvidencePolicy> {
  if (file === undefined) return defaultPolicy;
  const value = await readJsonFile(file, 'policy');
  return readFieldsOf(file, 'policy', () => parseEvidencePolicy(value));
}
