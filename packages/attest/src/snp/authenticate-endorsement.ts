import { equalBytes } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { chainProblem, crlProblem } from '../x509/chain.ts';
import { type Crl, parseCrl } from '../x509/crl.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import type { SnpSheet } from './claims.ts';
import type { Endorsement } from './endorsement.ts';
import type { SnpCollateral } from './evidence.ts';
import { productNames } from './product.ts';

const MAX_CERTIFICATE_BYTES = 8192;
const MAX_CRL_BYTES = 1 << 20;

/** VCEK or VLEK, ASK or ASVK, ARK. */
export type EndorsementChain = readonly [leaf: Certificate, ca: Certificate, root: Certificate];

/** What the checks of a chain and its CRL found; `undefined` problems are none. */
export interface ChainFindings {
  readonly chain: string | undefined;
  /** Null if no CRL was given. */
  readonly crl: { readonly crl?: Crl; readonly problem: string | undefined } | null;
}

/** The endorsement certificate and those above it. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
export function parseEndorsementChain(collateral: SnpCollateral): EndorsementChain {
  const what = 'endorsement certificate';
  const der = fromHexBounded(collateral.endorsementCertificateHex, what, MAX_CERTIFICATE_BYTES);
  const leaf = parseCertificate(der, what);
  const [ca, root] = parsePemCertificates(collateral.issuerChainPem, 'issuer chain', 2).map((certificate) =>
    parseCertificate(certificate, 'issuer chain certificate'),
  );
  if (ca === undefined || root === undefined)
    throw formatError('issuer chain', 'is not a signing CA and a root');
  return [leaf, ca, root];
}

/** Leaf, CA and root have to be for one product and one kind of key. */
function roleProblem([, ca, root]: EndorsementChain, { kind, product }: Endorsement): string | undefined {
  const name = productNames[product];
  const caName = kind === 'vcek' ? `SEV-${name}` : `SEV-VLEK-${name}`;
  if (ca.commonName !== caName) return `${describeCertificate(ca)} is not ${caName}`;
  if (root.commonName !== `ARK-${name}`) return `${describeCertificate(root)} is not ARK-${name}`;
  return undefined;
}

async function findCrlProblem(hex: string, root: Certificate, nowMs: number): Promise<ChainFindings['crl']> {
  const parsed = attempt(() => parseCrl(fromHexBounded(hex, 'CRL', MAX_CRL_BYTES)));
  if (parsed.problem !== undefined) return { problem: parsed.problem };
  return { crl: parsed.value, problem: await crlProblem(parsed.value, root, nowMs) };
}

/** Checks signatures and validity of the chain and of its CRL, both at once. */
export async function examineChain(
  chain: EndorsementChain,
  endorsement: Endorsement,
  crlHex: string | null,
  nowMs: number,
): Promise<ChainFindings> {
  const [broken, crl] = await Promise.all([
    chainProblem(chain, nowMs, { leafMayLackKeyUsage: true }),
    crlHex === null ? null : findCrlProblem(crlHex, chain[2], nowMs),
  ]);
  return { chain: broken ?? roleProblem(chain, endorsement), crl };
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
 * Records what was found. True if the endorsement key may be believed: its chain holds, and it is not revoked as far
 * as is known. Without a CRL both claims about revocation stay open, and so the verdict.
 */
export function checkChain(sheet: SnpSheet, [leaf, ca]: EndorsementChain, findings: ChainFindings): boolean {
  const name = describeCertificate(leaf);
  if (!sheet.check('endorsement_chain', findings.chain, `${name} holds under the root`)) return false;
  if (findings.crl === null) {
    sheet.leaveOpen('crl', 'no CRL was given');
    sheet.leaveOpen('revocation', 'no CRL was given');
    return true;
  }
  const { crl, problem } = findings.crl;
  if (!sheet.check('crl', problem, 'CRL of the root is authentic and current') || crl === undefined) {
    return false;
  }
  const revoked = [ca, leaf].find(({ serial }) => crl.revokedSerials.has(serial));
  const revocation = revoked === undefined ? undefined : `${describeCertificate(revoked)} is revoked`;
  return sheet.check('revocation', revocation, 'neither the endorsement certificate nor its CA is revoked');
}
