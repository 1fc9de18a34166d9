import { equalBytes } from '@dcml/core';
import { type Certificate, describeCertificate } from '../x509/certificate.ts';
import { chainProblem } from '../x509/chain.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { NitroSheet } from './claims.ts';
import type { NitroDocument } from './parse-document.ts';

/** Checks the chain up to a trusted root and the signature over the document. True if both hold. */
export async function authenticateDocument(
  sheet: NitroSheet,
  document: NitroDocument,
  trustedRoots: readonly Certificate[],
  nowMs: number,
): Promise<boolean> {
  const { certificate, caBundle, envelope } = document;
  const chain = [certificate, ...caBundle.toReversed()];
  const root = chain.at(-1) ?? certificate;
  const isTrusted = trustedRoots.some((trusted) => equalBytes(trusted.der, root.der));
  const rootName = describeCertificate(root);
  const untrusted = isTrusted ? undefined : `${rootName} is not a root of the policy`;
  if (!sheet.check('trusted_root', untrusted, `the chain ends in ${rootName}`)) return false;
  const broken = await chainProblem(chain, nowMs);
  const chainReason = `${describeCertificate(certificate)} holds under the root`;
  if (!sheet.check('certificate_chain', broken, chainReason)) return false;
  // Its specification tells verifiers to use no CRL; the signing certificate is valid for three hours.
  sheet.waive('certificates_not_revoked', 'not checked: AWS has verifiers use no revocation lists for Nitro');

  const { signature, signedBytes, payload, payloadOffset } = envelope;
  const holds = await verifySignature(certificate.publicKey, 'ecdsa-sha384', signature, signedBytes);
  return sheet.check(
    'document_signature',
    holds ? undefined : 'signature over the document is wrong',
    'signed by the key of the certificate',
    [{ part: 'document', offset: payloadOffset, length: payload.length }],
  );
}
