import { equalBytes } from '@dcml/core';
import type { Certificate } from './certificate.ts';
import { describeCertificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { type SignatureCheck, verifySignature } from './verify-signature.ts';

export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Why `now` is outside a window, or undefined inside it; both ends belong to the window. */
export function windowProblem(
  what: string,
  fromMs: number,
  untilMs: number,
  nowMs: number,
): string | undefined {
  if (nowMs >= fromMs && nowMs <= untilMs) return undefined;
  return `${what} is valid from ${formatTime(fromMs)} to ${formatTime(untilMs)}, not at ${formatTime(nowMs)}`;
}

/** Why `child` was not rightly issued by `issuer`, or undefined. `below` counts the CA certificates under the issuer. */
async function issueProblem(
  child: Certificate,
  issuer: Certificate,
  below: number,
  verify: SignatureCheck,
): Promise<string | undefined> {
  const name = describeCertificate(child);
  if (!equalBytes(child.issuer, issuer.subject)) return `${name} names another issuer`;
  if (!issuer.isCa || !issuer.canSignCertificates) return `${describeCertificate(issuer)} is no CA`;
  if (issuer.pathLength !== undefined && issuer.pathLength < below) {
    return `${describeCertificate(issuer)} permits no CA below it`;
  }
  if (!(await verify(issuer.publicKey, child.signatureAlgorithm, child.signature, child.signedBytes))) {
    return `signature of ${name} is wrong`;
  }
  return undefined;
}

export interface ChainRules {
  /** AMD's endorsement certificates have no key usage at all; one that is there must still permit signing. */
  readonly leafMayLackKeyUsage?: boolean;
  /** Who checks the signatures, for callers that remember results; `verifySignature` without it. */
  readonly verify?: SignatureCheck;
}

function leafProblem(leaf: Certificate, rules: ChainRules): string | undefined {
  const lacksUsage = rules.leafMayLackKeyUsage === true && !leaf.extensions.has('2.5.29.15');
  const isSigner = !leaf.isCa && !leaf.canSignCertificates && (leaf.canSign || lacksUsage);
  return isSigner ? undefined : `${describeCertificate(leaf)} is not a signing leaf`;
}

/**
 * Why a chain (leaf first, ending in a trusted root) does not hold at `nowMs`, or undefined if it does: names,
 * signatures, CA flags, path lengths, key usage, validity. The leaf must be no CA. The root is believed for its bytes.
 */
export async function chainProblem(
  chain: readonly Certificate[],
  nowMs: number,
  rules: ChainRules = {},
): Promise<string | undefined> {
  const [leaf] = chain;
  if (leaf === undefined || chain.length < 2) return 'chain has no leaf under the root';
  const unfit = leafProblem(leaf, rules);
  if (unfit !== undefined) return unfit;
  for (const certificate of chain) {
    const problem = windowProblem(
      describeCertificate(certificate),
      certificate.notBeforeMs,
      certificate.notAfterMs,
      nowMs,
    );
    if (problem !== undefined) return problem;
  }
  const problems = await Promise.all(
    chain
      .slice(1)
      .map((issuer, below) => issueProblem(chain[below]!, issuer, below, rules.verify ?? verifySignature)),
  );
  return problems.find((problem) => problem !== undefined);
}

/** Why a CRL is not a current statement of `issuer`, or undefined if it is. */
export async function crlProblem(crl: Crl, issuer: Certificate, nowMs: number): Promise<string | undefined> {
  const name = describeCertificate(issuer);
  if (!equalBytes(crl.issuer, issuer.subject)) return `CRL was not issued by ${name}`;
  if (!issuer.canSignCrls) return `${name} may not sign CRLs`;
  if (!(await verifySignature(issuer.publicKey, crl.signatureAlgorithm, crl.signature, crl.signedBytes))) {
    return `signature of the CRL of ${name} is wrong`;
  }
  return windowProblem(`CRL of ${name}`, crl.thisUpdateMs, crl.nextUpdateMs, nowMs);
}
