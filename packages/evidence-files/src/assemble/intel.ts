import type { IntelCollateral } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import { indexOfBytes } from '../binary/little-endian.ts';
import { outlineCertificate } from '../der/outline.ts';
import type { PartOf } from '../part.ts';
import { readPemBlocks, toCertificatePem } from '../text/pem.ts';
import { chooseValid, isWithin } from './choose.ts';
import { chooseIntelDocuments } from './intel-documents.ts';
import type { MissingPart } from './missing-part.ts';
import { createPool, crlOf, mentionsKeyOf, type Pool } from './pool.ts';

/** OID 1.2.840.113741.1.13.1.4 (FMSPC), then the header of an OCTET STRING of 6 bytes. */
const FMSPC_FIELD = fromHex('060a2a864886f84d010d01040406');
const FMSPC_BYTES = 6;
const SOURCE = "Intel's provisioning certification service";

type CertificatePart = PartOf<'certificate'>;

/** Certificates inside a quote, leaf first. */
export function quoteCertificates(quote: Uint8Array): CertificatePart[] {
  // PEM is ASCII: what stands before it in the quote may be anything.
  const text = new TextDecoder('latin1').decode(quote);
  return readPemBlocks(text).flatMap(({ bytes }): CertificatePart[] => {
    const certificate = outlineCertificate(bytes);
    return certificate === undefined ? [] : [{ type: 'certificate', ...certificate }];
  });
}

/** The platform's family as its PCK certificate states it, lowercase hex; empty if there is none. */
export function fmspcOf(leaf: CertificatePart | undefined): string {
  const at = leaf === undefined ? -1 : indexOfBytes(leaf.der, FMSPC_FIELD);
  if (leaf === undefined || at < 0) return '';
  const start = at + FMSPC_FIELD.length;
  return toHex(leaf.der.subarray(start, start + FMSPC_BYTES));
}

function signingChain(pool: Pool, root: CertificatePart | undefined): string {
  if (root === undefined) return '';
  const signers = pool.certificates.filter(
    ({ issuer, commonName, der }) =>
      issuer === root.subject && commonName.includes('TCB Signing') && mentionsKeyOf(der, root),
  );
  const signer = chooseValid(signers, ({ notBeforeMs, notAfterMs }) =>
    isWithin({ fromMs: notBeforeMs, untilMs: notAfterMs }, pool.nowMs),
  );
  return signer === undefined ? '' : toCertificatePem([signer.der, root.der]);
}

const crlSource = (claims: readonly string[], what: string): MissingPart => ({
  what,
  claims,
  isPublished: true,
  from: SOURCE,
});

/** Collateral for a quote out of whatever is at hand; absent documents are empty. */
export function assembleIntelCollateral(
  { quote, tee }: PartOf<'intel-quote'>,
  given: Pool,
): { collateral: IntelCollateral; missing: MissingPart[] } {
  const [leaf, ca, ownRoot] = quoteCertificates(quote);
  const own = [leaf, ca, ownRoot].filter((certificate) => certificate !== undefined);
  const pool = createPool([...given.parts, ...own], given.nowMs);
  const root = ownRoot ?? pool.certificates.find(({ commonName }) => /SGX Root CA/.test(commonName));
  const rootCrl = root && crlOf(pool, root);
  const pckCrl = ca && crlOf(pool, ca);
  const { tcbInfo, qeIdentity } = chooseIntelDocuments(pool, tee, fmspcOf(leaf));
  const signer = signingChain(pool, root);
  const fmspc = fmspcOf(leaf) || 'unknown';
  const missing = [
    ...(rootCrl ? [] : [crlSource(['root_crl'], 'the CRL of the Intel root')]),
    ...(pckCrl ? [] : [crlSource(['pck_crl'], `the CRL of ${ca?.commonName ?? 'the PCK CA'}`)]),
    ...(tcbInfo ? [] : [crlSource(['tcb_info'], `${tee.toUpperCase()} TCB info for FMSPC ${fmspc}`)]),
    ...(qeIdentity ? [] : [crlSource(['qe_identity'], 'the identity of the quoting enclave')]),
    ...(signer ? [] : [crlSource(['tcb_info', 'qe_identity'], 'the TCB signing certificate')]),
  ];
  const collateral: IntelCollateral = {
    pckCrlIssuerChainPem: ca && root ? toCertificatePem([ca.der, root.der]) : '',
    rootCaCrlHex: rootCrl ? toHex(rootCrl.der) : '',
    pckCrlHex: pckCrl ? toHex(pckCrl.der) : '',
    tcbInfoIssuerChainPem: signer,
    tcbInfo: tcbInfo?.text ?? '',
    tcbInfoSignatureHex: tcbInfo?.signatureHex.toLowerCase() ?? '',
    qeIdentityIssuerChainPem: signer,
    qeIdentity: qeIdentity?.text ?? '',
    qeIdentitySignatureHex: qeIdentity?.signatureHex.toLowerCase() ?? '',
  };
  return { collateral, missing };
}
