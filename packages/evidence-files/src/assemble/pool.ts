import { type Part, type PartOf, partsOf } from '../part.ts';
import { chooseValid, isWithin } from './choose.ts';

type CertificatePart = PartOf<'certificate'>;
const MAX_CHAIN = 8;

/** All parts at hand, and the moment at which they have to be valid where there is a choice. */
export interface Pool {
  readonly parts: readonly Part[];
  readonly certificates: readonly CertificatePart[];
  readonly nowMs: number;
}

export function createPool(parts: readonly Part[], nowMs: number): Pool {
  return { parts, certificates: partsOf(parts, 'certificate'), nowMs };
}

export function isSelfIssued(certificate: CertificatePart): boolean {
  return certificate.issuer === certificate.subject;
}

/** The certificate that a name belongs to. */
export function certificateNamed(pool: Pool, subject: string): CertificatePart | undefined {
  const named = pool.certificates.filter((certificate) => certificate.subject === subject);
  return chooseValid(named, ({ notBeforeMs, notAfterMs }) =>
    isWithin({ fromMs: notBeforeMs, untilMs: notAfterMs }, pool.nowMs),
  );
}

/** The leaf and its issuers by name, up to a root or to where the pool ends. */
export function chainFrom(pool: Pool, leaf: CertificatePart): CertificatePart[] {
  const chain = [leaf];
  for (let last = leaf; !isSelfIssued(last) && chain.length < MAX_CHAIN; ) {
    const issuer = certificateNamed(pool, last.issuer);
    if (issuer === undefined || chain.includes(issuer)) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
}

/** The CRL of an issuer. */
export function crlOf(pool: Pool, issuer: string): PartOf<'crl'> | undefined {
  const crls = partsOf(pool.parts, 'crl')
    .filter((crl) => crl.issuer === issuer)
    .sort((a, b) => b.thisUpdateMs - a.thisUpdateMs);
  return chooseValid(crls, ({ thisUpdateMs, nextUpdateMs }) =>
    isWithin({ fromMs: thisUpdateMs, untilMs: nextUpdateMs }, pool.nowMs),
  );
}
