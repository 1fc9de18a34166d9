import type { EvidencePolicy } from '@dcml/attest';
import { readFieldsOf, readJsonFile } from './read-json-file.ts';

/** The policy of a file; without one the strict default: genuine hardware only. Throws `CLI_INPUT`. */
export async function readPolicy(file: string | undefined): Promise<EvidencePolicy> {
  if (file === undefined) return (await import('@dcml/attest')).defaultPolicy;
  const { parseEvidencePolicy } = await import('./evidence-policy.ts');
  const value = await readJsonFile(file, 'policy');
  return readFieldsOf(file, 'policy', () => parseEvidencePolicy(value));
}
