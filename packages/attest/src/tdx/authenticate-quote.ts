import { concatBytes, equalBytes, sha256 } from '@dcml/core';
import type { Certificate } from '../x509/certificate.ts';
import { ecPublicKey } from '../x509/public-key.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { TdxSheet } from './claims.ts';
import type { TdxQuote } from './quote.ts';

/**
 * Checks the way from the PCK key to the TD report: the PCK key signed the QE report, the QE report names the
 * attestation key (SHA-256 of key and auth data, then 32 zero bytes), the attestation key signed header and body.
 */
export async function authenticateQuote(
  sheet: TdxSheet,
  quote: TdxQuote,
  pckCertificate: Certificate,
): Promise<boolean> {
  const { qeReport, attestationKey } = quote;
  const binding = concatBytes(sha256(concatBytes(attestationKey, quote.authData)), new Uint8Array(32));
  const isBound = equalBytes(qeReport.reportData, binding);
  const key = ecPublicKey('P-256', attestationKey);
  const [qeSigned, quoteSigned] = await Promise.all([
    verifySignature(pckCertificate.publicKey, 'ecdsa-sha256', quote.qeReportSignature, qeReport.bytes),
    verifySignature(key, 'ecdsa-sha256', quote.signature, quote.signedBytes),
  ]);
  const results = [
    sheet.check(
      'qe_report_signature',
      qeSigned ? undefined : 'the PCK key did not sign the QE report',
      'the PCK key signed the QE report',
    ),
    sheet.check(
      'attestation_key_bound',
      isBound ? undefined : 'the QE report data is not the hash of attestation key and auth data',
      'the QE report names the attestation key',
    ),
    sheet.check(
      'quote_signature',
      quoteSigned ? undefined : 'the attestation key did not sign header and TD report',
      'the attestation key signed header and TD report',
    ),
  ];
  return results.every(Boolean);
}
