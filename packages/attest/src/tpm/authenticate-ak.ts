import { equalBytes } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { chainProblem, crlProblem } from '../x509/chain.ts';
import { type Crl, parseCrl } from '../x509/crl.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readOid } from '../x509/der-values.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import type { AkSheet } from './claims.ts';

const MAX_CHAIN = 5;
const MAX_CRLS = 8;
const SUBJECT_ALT_NAME = '2.5.29.17';
const EXTENDED_KEY_USAGE = '2.5.29.37';
/** tcg-kp-AIKCertificate (TCG EK Credential Profile 2.5, section 3.2.16). */
const AK_USAGE = '2.23.133.8.3';

/**
 * Certificates from the attestation key's to its root. TPM certificates may have an empty subject and a critical
 * subject alternative name that describes the TPM; nothing here depends on it. Throws `ATTEST_FORMAT` or `CORE_ENCODING`.
 */
export function parseAkChain(pem: string): Certificate[] {
  return parsePemCertificates(pem, 'AK chain', MAX_CHAIN).map((der) =>
    parseCertificate(der, 'AK chain certificate', [SUBJECT_ALT_NAME, EXTENDED_KEY_USAGE]),
  );
}

/** Why the extended key usage is not that of an attestation key. One that has none is limited by its CA alone. */
function usageProblem(leaf: Certificate): string | undefined {
  const value = leaf.extensions.get(EXTENDED_KEY_USAGE);
  if (value === undefined) return undefined;
  const document = new DerReader(value, 'extended key usage');
  const list = document.read(derTags.sequence, 'extended key usage');
  document.end();
  const usages: string[] = [];
  while (!list.isEmpty) usages.push(readOid(list, 'usage'));
  return usages.includes(AK_USAGE)
    ? undefined
    : `${describeCertificate(leaf)} is for ${usages.join(', ')}, not for attestation keys`;
}

interface IssuerCrl {
  readonly issuer: Certificate;
  readonly crl: Crl;
}

/** Each CRL with the certificate of the chain that signed it, or why one is not a current statement of an issuer. */
async function readCrls(
  crlsHex: readonly string[],
  issuers: readonly Certificate[],
  nowMs: number,
): Promise<{ readonly crls: IssuerCrl[]; readonly problem: string | undefined }> {
  const crls: IssuerCrl[] = [];
  if (crlsHex.length > MAX_CRLS) return { crls, problem: `more than ${MAX_CRLS} CRLs` };
  for (const hex of crlsHex) {
    const parsed = attempt(() => parseCrl(fromHexBounded(hex, 'CRL', 1 << 20)));
    if (parsed.value === undefined) return { crls, problem: parsed.problem };
    const crl = parsed.value;
    const issuer = issuers.find(({ subject }) => equalBytes(subject, crl.issuer));
    if (issuer === undefined) return { crls, problem: 'a CRL is of no issuer of the AK chain' };
    const problem = await crlProblem(crl, issuer, nowMs);
    if (problem !== undefined) return { crls, problem };
    crls.push({ issuer, crl });
  }
  return { crls, problem: undefined };
}

async function checkRevocation(
  sheet: AkSheet,
  chain: readonly Certificate[],
  crlsHex: readonly string[],
  nowMs: number,
): Promise<boolean> {
  const { crls, problem } = await readCrls(crlsHex, chain.slice(1), nowMs);
  if (problem !== undefined) return sheet.check('ak_not_revoked', problem, '');
  const issued = chain.slice(0, -1).map((certificate, i) => ({
    certificate,
    lists: crls.filter(({ issuer }) => issuer === chain[i + 1]),
  }));
  const revoked = issued.find(({ certificate, lists }) =>
    lists.some(({ crl }) => crl.revokedSerials.has(certificate.serial)),
  );
  if (revoked !== undefined) {
    return sheet.check('ak_not_revoked', `${describeCertificate(revoked.certificate)} is revoked`, '');
  }
  const open = issued.find(({ lists }) => lists.length === 0);
  if (open === undefined)
    return sheet.check('ak_not_revoked', undefined, 'no certificate of the chain is revoked');
  sheet.leaveOpen('ak_not_revoked', `no CRL covers ${describeCertificate(open.certificate)}`);
  return true;
}

/**
 * Checks the chain of an attestation key against the trusted roots, the key's purpose and revocation. Undefined if any
 * of it fails; a certificate that no CRL covers leaves `ak_not_revoked` open.
 */
export async function authenticateAk(
  sheet: AkSheet,
  chain: readonly Certificate[],
  crlsHex: readonly string[],
  trustedRoots: readonly Certificate[],
  nowMs: number,
): Promise<Certificate | undefined> {
  const root = chain.at(-1);
  const [leaf] = chain;
  const isTrusted = root !== undefined && trustedRoots.some(({ der }) => equalBytes(der, root.der));
  const untrusted =
    root === undefined ? 'AK chain is empty' : `${describeCertificate(root)} is no TPM root of the policy`;
  sheet.check('trusted_root', isTrusted ? undefined : untrusted, 'the root is in the policy');
  if (!isTrusted || leaf === undefined) return undefined;
  const usage = attempt(() => usageProblem(leaf));
  const problem = (await chainProblem(chain, nowMs)) ?? usage.problem ?? usage.value;
  const isSound = sheet.check('ak_chain', problem, `${describeCertificate(leaf)} holds up to the root`);
  if (!isSound) return undefined;
  return (await checkRevocation(sheet, chain, crlsHex, nowMs)) ? leaf : undefined;
}
