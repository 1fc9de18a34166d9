import { encodePem } from '@dcml/attest';
import { fromBase64 } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { readAnswer } from './attest-refusal.ts';

const CERTIFICATE = /\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*/y;
const MAX_TEXT = 16_384;

/** The PEM certificates of a text in any line lengths, with nothing between them, in canonical form. */
export function canonicalPem(text: string, what: string): string {
  const fail = (why: string): never => {
    throw new CollateralError('COLLATERAL_ANSWER', `${what}: ${why}`);
  };
  if (text.length > MAX_TEXT) fail('is too long');
  let pem = '';
  for (let at = 0; at < text.length; at = CERTIFICATE.lastIndex) {
    CERTIFICATE.lastIndex = at;
    const content = CERTIFICATE.exec(text)?.[1] ?? fail(`PEM certificate expected at offset ${at}`);
    pem += encodePem(readAnswer(what, () => fromBase64(content.replaceAll(/\s/g, ''), what)));
  }
  return pem === '' ? fail('has no certificate') : pem;
}
