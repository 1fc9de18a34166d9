import { equalBytes } from '@dcml/core';
import type { ByteRange } from '../verdict.ts';
import { type Certificate, describeCertificate } from '../x509/certificate.ts';
import type { Crl } from '../x509/crl.ts';
import type { IntelSheet } from './claims.ts';
import type { PckChain } from './pck-chain.ts';
import type { CollateralReader, ReadCrl } from './prepare-collateral.ts';
import type { PckIdentity } from './sgx-extension.ts';
import { chainWindowProblem, crlWindowProblem } from './timeless.ts';

/** A platform whose PCK certificate holds under a trusted root and is not revoked. */
export interface AuthenticPlatform {
  readonly root: Certificate;
  readonly rootCrl: Crl;
  readonly pckCertificate: Certificate;
  readonly pck: PckIdentity;
}

/** Why a CRL of the collateral is no current statement of this very issuer. */
function statementProblem(read: ReadCrl, issuer: Certificate, nowMs: number): string | undefined {
  if (read.problem !== undefined) return read.problem;
  if (!equalBytes(read.issuer.der, issuer.der)) {
    return `CRL issuer chain names another certificate than the quote's ${describeCertificate(issuer)}`;
  }
  return crlWindowProblem(read.crl, issuer, nowMs);
}

/** Checks the PCK chain against the trusted roots and both CRLs. Undefined unless all of it holds. */
export async function authenticatePlatform(
  sheet: IntelSheet,
  chain: PckChain,
  chainAt: ByteRange,
  collateral: CollateralReader,
  trustedRoots: readonly Certificate[],
  nowMs: number,
): Promise<AuthenticPlatform | undefined> {
  const [leaf, ca, root] = chain.certificates;
  const isTrusted = trustedRoots.some((trusted) => equalBytes(trusted.der, root.der));
  const rootName = describeCertificate(root);
  const untrusted = isTrusted ? undefined : `${rootName} is not a root of the policy`;
  if (!sheet.check('trusted_root', untrusted, `the chain ends in ${rootName}`, [chainAt])) return undefined;

  const judged = await chain.judge();
  const fault = judged.problem ?? chainWindowProblem(chain.certificates, nowMs);
  const holds = sheet.check('pck_chain', fault, `${describeCertificate(leaf)} holds under the root`, [
    chainAt,
  ]);
  if (!holds || judged.identity === undefined) return undefined;

  const [rootCrl, pckCrl] = await Promise.all([collateral.rootCrl(), collateral.pckCrl()]);
  const rootCrlProblem = statementProblem(rootCrl, root, nowMs);
  const pckCrlProblem = statementProblem(pckCrl, ca, nowMs);
  const rootCrlHolds = sheet.check('root_crl', rootCrlProblem, 'CRL of the root is authentic and current');
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
  return { root, rootCrl: rootCrl.crl, pckCertificate: leaf, pck: judged.identity };
}
