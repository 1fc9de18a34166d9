import { equalBytes } from '@dcml/core';
import type { Certificate } from './certificate.ts';
import { describeCertificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { verifyEcdsaP256 } from './ecdsa-p256.ts';

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
): Promise<string | undefined> {
  const name = describeCertificate(child);
  if (!equalBytes(child.issuer, issuer.subject)) return `${name} names another issuer`;
  if (!issuer.isCa || !issuer.canSignCertificates) return `${describeCertificate(issuer)} is no CA`;
  if (issuer.pathLength !== undefined && issuer.pathLength < below) {
    return `${describeCertificate(issuer)} permits no CA below it`;
  }
  if (!(await verifyEcdsaP256(issuer.publicKey, child.signature, child.signedBytes))) {
    return `signature of ${name} is wrong`;
  }
  return undefined;
}

/**
 * Why a chain (leaf first, ending in a trusted root) does not hold at `nowMs`, or undefined if it does: names,
 * signatures, CA flags, path lengths, key usage, validity. The leaf must be no CA. The root is believed for its bytes.
 */
export async function chainProblem(
  chain: readonly Certificate[],
  nowMs: number,
): Promise<string | undefined> {
  const [leaf] = chain;
  if (leaf === undefined || chain.length < 2) return 'chain has no leaf under the root';
  if (leaf.isCa || leaf.canSignCertificates || !leaf.canSign) {
    return `${describeCertificate(leaf)} is not a signing leaf`;
  }
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
    chain.slice(1).map((issuer, below) => issueProblem(chain[below]!, issuer, below)),
  );
  return problems.find((problem) => problem !== undefined);
}

/** Why a CRL is not a current statement of `issuer`, or undefined if it is. */
export async function crlProblem(crl: Crl, issuer: Certificate, nowMs: number): Promise<string | undefined> {
  const name = describeCertificate(issuer);
  if (!equalBytes(crl.issuer, issuer.subject)) return `CRL was not issued by ${name}`;
  if (!issuer.canSignCrls) return `${name} may not sign CRLs`;
  if (!(await verifyEcdsaP256(issuer.publicKey, crl.signature, crl.signedBytes))) {
    return `signature of the CRL of ${name} is wrong`;
  }
  return windowProblem(`CRL of ${name}`, crl.thisUpdateMs, crl.nextUpdateMs, nowMs);
}
