import { equalBytes } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import type { IntelCollateral } from '../intel/collateral-types.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { chainProblem, crlProblem } from '../x509/chain.ts';
import { type Crl, parseCrl } from '../x509/crl.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import type { TdxSheet } from './claims.ts';
import { type PckIdentity, parsePckIdentity } from './sgx-extension.ts';

/** A platform whose PCK certificate holds under a trusted root and is not revoked. */
export interface AuthenticPlatform {
  readonly root: Certificate;
  readonly rootCrl: Crl;
  readonly pckCertificate: Certificate;
  readonly pck: PckIdentity;
}

export type PckChain = readonly [leaf: Certificate, ca: Certificate, root: Certificate];

/** Leaf, CA and root of the chain inside a quote. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
export function parsePckChain(pem: string): PckChain {
  const [leaf, ca, root] = parsePemCertificates(pem, 'PCK chain', 3).map((der) =>
    parseCertificate(der, 'PCK chain certificate'),
  );
  if (leaf === undefined || ca === undefined || root === undefined) {
    throw formatError('PCK chain', 'is not a leaf, a CA and a root');
  }
  return [leaf, ca, root];
}

async function readCrl(
  hex: string,
  issuer: Certificate,
  nowMs: number,
): Promise<{ crl?: Crl; problem: string | undefined }> {
  const parsed = attempt(() => parseCrl(fromHexBounded(hex, 'CRL', 1 << 20)));
  if (parsed.problem !== undefined) return { problem: parsed.problem };
  return { crl: parsed.value, problem: await crlProblem(parsed.value, issuer, nowMs) };
}

function issuerChainProblem(pem: string, chain: readonly Certificate[]): string | undefined {
  const parsed = attempt(() => parsePemCertificates(pem, 'CRL issuer chain', 3));
  if (parsed.problem !== undefined) return parsed.problem;
  const { value } = parsed;
  const isSame =
    value.length === chain.length &&
    value.every((der, i) => equalBytes(der, chain[i]?.der ?? new Uint8Array()));
  return isSame ? undefined : 'CRL issuer chain is not the CA and the root of the PCK chain';
}

function roleProblem(chain: PckChain): string | undefined {
  const [leaf, ca] = chain;
  if (!leaf.commonName.includes('PCK Certificate'))
    return `${describeCertificate(leaf)} is no PCK certificate`;
  if (!/PCK (?:Platform|Processor) CA/.test(ca.commonName)) return `${describeCertificate(ca)} is no PCK CA`;
  return undefined;
}

/** Checks the PCK chain against the trusted roots and both CRLs. Undefined unless all of it holds. */
export async function authenticatePlatform(
  sheet: TdxSheet,
  chain: PckChain,
  collateral: IntelCollateral,
  trustedRoots: readonly Certificate[],
  nowMs: number,
): Promise<AuthenticPlatform | undefined> {
  const [leaf, ca, root] = chain;
  const isTrusted = trustedRoots.some((trusted) => equalBytes(trusted.der, root.der));
  const rootName = describeCertificate(root);
  const untrusted = isTrusted ? undefined : `${rootName} is not a root of the policy`;
  if (!sheet.check('trusted_root', untrusted, `the chain ends in ${rootName}`)) return undefined;

  const identity = attempt(() => parsePckIdentity(leaf));
  const broken = (await chainProblem(chain, nowMs)) ?? roleProblem(chain);
  const chainFault = broken ?? (identity.value === undefined ? identity.problem : undefined);
  const chainHolds = sheet.check(
    'pck_chain',
    chainFault,
    `${describeCertificate(leaf)} holds under the root`,
  );
  if (!chainHolds || identity.value === undefined) return undefined;

  const [rootCrl, pckCrl] = await Promise.all([
    readCrl(collateral.rootCaCrlHex, root, nowMs),
    readCrl(collateral.pckCrlHex, ca, nowMs),
  ]);
  const pckCrlProblem = pckCrl.problem ?? issuerChainProblem(collateral.pckCrlIssuerChainPem, [ca, root]);
  const rootCrlHolds = sheet.check('root_crl', rootCrl.problem, 'CRL of the root is authentic and current');
  const pckCrlHolds = sheet.check('pck_crl', pckCrlProblem, 'CRL of the PCK CA is authentic and current');
  if (!rootCrlHolds || !pckCrlHolds || rootCrl.crl === undefined || pckCrl.crl === undefined)
    return undefined;

  const revoked = pckCrl.crl.revokedSerials.has(leaf.serial)
    ? leaf
    : rootCrl.crl.revokedSerials.has(ca.serial)
      ? ca
      : undefined;
  const revocation = revoked === undefined ? undefined : `${describeCertificate(revoked)} is revoked`;
  if (!sheet.check('pck_not_revoked', revocation, 'neither PCK certificate nor its CA is revoked'))
    return undefined;
  return { root, rootCrl: rootCrl.crl, pckCertificate: leaf, pck: identity.value };
}
