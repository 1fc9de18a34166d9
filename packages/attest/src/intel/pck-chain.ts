import { formatError } from '../attest-error.ts';
import { attempt } from '../claim-sheet.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { rememberResult } from './remember.ts';
import { type PckIdentity, parsePckIdentity } from './sgx-extension.ts';
import { timelessChainProblem } from './timeless.ts';

/** The certificates inside a quote, read and not yet believed. */
export interface PckChain {
  readonly certificates: readonly [leaf: Certificate, ca: Certificate, root: Certificate];
  /**
   * What the leaf says about its platform if leaf, CA and root belong together, else why they never do. A function of
   * the chain's own bytes alone: neither time nor trust is part of it.
   */
  judge(): Promise<PckJudgement>;
}

export type PckJudgement =
  | { readonly identity: PckIdentity; readonly problem?: undefined }
  | { readonly identity?: undefined; readonly problem: string };

function roleProblem([leaf, ca]: PckChain['certificates']): string | undefined {
  if (!leaf.commonName.includes('PCK Certificate')) {
    return `${describeCertificate(leaf)} is no PCK certificate`;
  }
  if (!/PCK (?:Platform|Processor) CA/.test(ca.commonName)) return `${describeCertificate(ca)} is no PCK CA`;
  return undefined;
}

async function judge(certificates: PckChain['certificates']): Promise<PckJudgement> {
  const problem = (await timelessChainProblem(certificates)) ?? roleProblem(certificates);
  if (problem !== undefined) return { problem };
  const identity = attempt(() => parsePckIdentity(certificates[0]));
  return identity.value === undefined ? { problem: identity.problem } : { identity: identity.value };
}

/** Leaf, CA and root of the chain inside a quote. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
export function parsePckChain(pem: string): PckChain {
  const [leaf, ca, root] = parsePemCertificates(pem, 'PCK chain', 3).map((der) =>
    parseCertificate(der, 'PCK chain certificate'),
  );
  if (leaf === undefined || ca === undefined || root === undefined) {
    throw formatError('PCK chain', 'is not a leaf, a CA and a root');
  }
  const certificates = [leaf, ca, root] as const;
  return { certificates, judge: rememberResult(() => judge(certificates)) };
}
