import {
  type Certificate,
  type ChainRules,
  chainProblem,
  describeCertificate,
  type EvidencePolicy,
  policyRoots,
  type RootKind,
  verifySignature,
  windowProblem,
} from '@dcml/attest';
import { equalBytes, sha256, toHex } from '@dcml/core';
import { CollateralError, unauthentic } from '../collateral-error.ts';

/** The first half of the root's fingerprint: documents under different roots never share a key. */
export function rootKey(root: Certificate): string {
  return toHex(sha256(root.der).subarray(0, 16));
}

/** The root of the policy with these bytes. Throws `COLLATERAL_UNAUTHENTIC`. */
export function requireRoot(
  der: Uint8Array | undefined,
  policy: EvidencePolicy,
  kind: RootKind,
  what: string,
): Certificate {
  const root = policyRoots(policy, kind).find((trusted) => der !== undefined && equalBytes(trusted.der, der));
  if (root === undefined) throw unauthentic(what, 'its chain does not end in a root of the policy');
  return root;
}

function assertWindows(what: string, chain: readonly Certificate[], nowMs: number): void {
  for (const certificate of chain) {
    const { notBeforeMs, notAfterMs } = certificate;
    const problem = windowProblem(describeCertificate(certificate), notBeforeMs, notAfterMs, nowMs);
    if (problem !== undefined) throw new CollateralError('COLLATERAL_EXPIRED', `${what}: ${problem}`);
  }
}

/** Requires that a chain with a signing leaf holds. Throws `COLLATERAL_UNAUTHENTIC` or `COLLATERAL_EXPIRED`. */
export async function assertSignerChain(
  what: string,
  chain: readonly Certificate[],
  nowMs: number,
  rules: ChainRules = {},
): Promise<void> {
  assertWindows(what, chain, nowMs);
  const problem = await chainProblem(chain, nowMs, rules);
  if (problem !== undefined) throw unauthentic(what, problem);
}

/** Requires that `ca` is a CA directly under the root. Throws `COLLATERAL_UNAUTHENTIC` or `COLLATERAL_EXPIRED`. */
export async function assertCa(
  what: string,
  ca: Certificate,
  root: Certificate,
  nowMs: number,
): Promise<void> {
  assertWindows(what, [ca, root], nowMs);
  const { publicKey, isCa, canSignCertificates } = root;
  const holds =
    isCa &&
    canSignCertificates &&
    ca.isCa &&
    ca.canSignCertificates &&
    equalBytes(ca.issuer, root.subject) &&
    (await verifySignature(publicKey, ca.signatureAlgorithm, ca.signature, ca.signedBytes));
  if (!holds) throw unauthentic(what, `${describeCertificate(ca)} is no CA of the root`);
}
