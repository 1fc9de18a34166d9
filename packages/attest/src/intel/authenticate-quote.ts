import { concatBytes, equalBytes, sha256 } from '@dcml/core';
import type { Certificate } from '../x509/certificate.ts';
import { ecPublicKey } from '../x509/public-key.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { IntelSheet } from './claims.ts';
import { type QuoteSignature, quoteRange } from './quote-signature.ts';

/** A quote with what its attestation key signed: header and body. */
export interface SignedQuote extends QuoteSignature {
  readonly signedBytes: Uint8Array;
}

/**
 * Checks the way from the PCK key to the report: the PCK key signed the QE report, the QE report names the
 * attestation key (SHA-256 of key and auth data, then 32 zero bytes), the attestation key signed header and body.
 */
export async function authenticateQuote(
  sheet: IntelSheet,
  quote: SignedQuote,
  pckCertificate: Certificate,
): Promise<boolean> {
  const { qeReport, attestationKey, at } = quote;
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
      [at.qeReport],
    ),
    sheet.check(
      'attestation_key_bound',
      isBound ? undefined : 'the QE report data is not the hash of attestation key and auth data',
      'the QE report names the attestation key',
      [at.attestationKey, at.qeReport, at.authData],
    ),
    sheet.check(
      'quote_signature',
      quoteSigned ? undefined : 'the attestation key did not sign header and report',
      'the attestation key signed header and report',
      [quoteRange(0, quote.signedBytes.length), at.signature, at.attestationKey],
    ),
  ];
  return results.every(Boolean);
}
