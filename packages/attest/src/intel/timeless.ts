import type { Certificate } from '../x509/certificate.ts';
import { describeCertificate } from '../x509/certificate.ts';
import { chainProblem, crlProblem, windowProblem } from '../x509/chain.ts';
import type { Crl } from '../x509/crl.ts';

// What can be remembered of a chain or a CRL is what holds at every moment of its windows: names, signatures, flags.
// The windows themselves are compared with `now` at each verification.

/** Why a chain holds at no time, or undefined: it is judged at the first moment that all of its windows could share. */
export function timelessChainProblem(chain: readonly Certificate[]): Promise<string | undefined> {
  return chainProblem(chain, Math.max(...chain.map((certificate) => certificate.notBeforeMs)));
}

/** Why `nowMs` is outside the window of one of the certificates, or undefined. */
export function chainWindowProblem(chain: readonly Certificate[], nowMs: number): string | undefined {
  for (const certificate of chain) {
    const { notBeforeMs, notAfterMs } = certificate;
    const problem = windowProblem(describeCertificate(certificate), notBeforeMs, notAfterMs, nowMs);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Why a CRL is at no time a statement of `issuer`, or undefined. */
export function timelessCrlProblem(crl: Crl, issuer: Certificate): Promise<string | undefined> {
  return crlProblem(crl, issuer, crl.thisUpdateMs);
}

export function crlWindowProblem(crl: Crl, issuer: Certificate, nowMs: number): string | undefined {
  return windowProblem(`CRL of ${describeCertificate(issuer)}`, crl.thisUpdateMs, crl.nextUpdateMs, nowMs);
}
