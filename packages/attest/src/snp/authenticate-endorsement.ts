import { equalBytes } from '@dcml/core';
import { chainWindowProblem, crlWindowProblem } from '../intel/timeless.ts';
import { type Certificate, describeCertificate } from '../x509/certificate.ts';
import type { SnpSheet } from './claims.ts';
import type { EndorsementChain, ReadCrl, SnpCollateralReader } from './prepare-collateral.ts';

/** What is true of a chain and its CRL whatever the time. */
export interface ChainFindings {
  readonly chainProblem: string | undefined;
  readonly crl: ReadCrl | null;
}

/** Checks the signatures of the chain and of its CRL, all at once. */
export async function examineChain(reader: SnpCollateralReader): Promise<ChainFindings> {
  const [chainProblem, crl] = await Promise.all([reader.chainProblem(), reader.readCrl()]);
  return { chainProblem, crl };
}

/** Whether the chain ends in a root of the policy, byte for byte. */
export function checkRoot(
  sheet: SnpSheet,
  [, , root]: EndorsementChain,
  trustedRoots: readonly Certificate[],
): boolean {
  const isTrusted = trustedRoots.some((trusted) => equalBytes(trusted.der, root.der));
  const name = describeCertificate(root);
  const problem = isTrusted ? undefined : `${name} is not a root of the policy`;
  return sheet.check('trusted_root', problem, `the chain ends in ${name}`);
}

/**
 * Judges what was found at `nowMs`. True if the endorsement key may be believed: its chain holds, and it is not revoked
 * as far as is known. Without a CRL both claims about revocation stay open, and so the verdict.
 */
export function checkChain(
  sheet: SnpSheet,
  chain: EndorsementChain,
  findings: ChainFindings,
  nowMs: number,
): boolean {
  const [leaf, ca, root] = chain;
  const problem = findings.chainProblem ?? chainWindowProblem(chain, nowMs);
  if (!sheet.check('endorsement_chain', problem, `${describeCertificate(leaf)} holds under the root`)) {
    return false;
  }
  if (findings.crl === null) {
    sheet.leaveOpen('crl', 'no CRL was given');
    sheet.leaveOpen('revocation', 'no CRL was given');
    return true;
  }
  const { crl } = findings.crl;
  const crlProblem = crl === undefined ? findings.crl.problem : crlWindowProblem(crl, root, nowMs);
  const holds = sheet.check('crl', crlProblem, 'CRL of the root is authentic and current');
  if (!holds || crl === undefined) return false;
  const revoked = [ca, leaf].find(({ serial }) => crl.revokedSerials.has(serial));
  const revocation = revoked === undefined ? undefined : `${describeCertificate(revoked)} is revoked`;
  return sheet.check('revocation', revocation, 'neither the endorsement certificate nor its CA is revoked');
}
