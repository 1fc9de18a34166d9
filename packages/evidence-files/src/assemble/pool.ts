import { fromHex } from '@dcml/core';
import { indexOfBytes } from '../binary/little-endian.ts';
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

/** OID 2.5.29.14 (subject key identifier), then an OCTET STRING in an OCTET STRING, 20 bytes. */
const KEY_ID_FIELD = fromHex('0603551d0e04160414');
const KEY_ID_BYTES = 20;

/** OID 2.5.29.35 (authority key identifier). */
const AUTHORITY_FIELD = fromHex('0603551d23');

/** False if what was issued names another key than its supposed issuer's: test hierarchies bear the names of real ones. */
export function mentionsKeyOf(issued: Uint8Array, issuer: CertificatePart): boolean {
  const at = indexOfBytes(issuer.der, KEY_ID_FIELD);
  if (at < 0 || indexOfBytes(issued, AUTHORITY_FIELD) < 0) return true;
  const start = at + KEY_ID_FIELD.length;
  return indexOfBytes(issued, issuer.der.subarray(start, start + KEY_ID_BYTES)) >= 0;
}

/** The certificate of whoever issued this one. */
function issuerOf(pool: Pool, { der, issuer }: CertificatePart): CertificatePart | undefined {
  const named = pool.certificates.filter(
    (certificate) => certificate.subject === issuer && mentionsKeyOf(der, certificate),
  );
  return chooseValid(named, ({ notBeforeMs, notAfterMs }) =>
    isWithin({ fromMs: notBeforeMs, untilMs: notAfterMs }, pool.nowMs),
  );
}

/** The leaf and its issuers by name, up to a root or to where the pool ends. */
export function chainFrom(pool: Pool, leaf: CertificatePart): CertificatePart[] {
  const chain = [leaf];
  for (let last = leaf; !isSelfIssued(last) && chain.length < MAX_CHAIN; ) {
    const issuer = issuerOf(pool, last);
    if (issuer === undefined || chain.includes(issuer)) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
}

/** The CRL of an issuer. */
export function crlOf(pool: Pool, issuer: CertificatePart): PartOf<'crl'> | undefined {
  const crls = partsOf(pool.parts, 'crl')
    .filter((crl) => crl.issuer === issuer.subject && mentionsKeyOf(crl.der, issuer))
    .sort((a, b) => b.thisUpdateMs - a.thisUpdateMs);
  return chooseValid(crls, ({ thisUpdateMs, nextUpdateMs }) =>
    isWithin({ fromMs: thisUpdateMs, untilMs: nextUpdateMs }, pool.nowMs),
  );
}
