import {
  type Certificate,
  type Crl,
  crlProblem,
  DerReader,
  derTags,
  parseCrl,
  readExtensions,
} from '@dcml/attest';
import { unauthentic } from '../collateral-error.ts';
import { readDocument } from './attest-refusal.ts';
import type { AuthenticDocument } from './document-plan.ts';

const CRL_NUMBER = '2.5.29.20';
/** Larger numbers than a double holds count as this one. */
const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

/** The CRL number of a parsed CRL (RFC 5280 section 5.2.3); 0 without one. */
function readCrlNumber({ signedBytes }: Crl): number {
  const body = new DerReader(signedBytes, 'CRL body').read(derTags.sequence, 'body');
  while (body.peek() !== undefined && body.peek() !== 0xa0) body.read(body.peek() ?? 0, 'member');
  const value = readExtensions(body.read(0xa0, 'extensions'), []).get(CRL_NUMBER);
  if (value === undefined) return 0;
  const digits = new DerReader(value, 'CRL number').read(derTags.integer, 'CRL number').rest();
  return digits.reduce((sum, byte) => Math.min(sum * 256 + byte, MAX_NUMBER), 0);
}

/** Reads a CRL that `issuer` signed, at any time. Throws `COLLATERAL_UNAUTHENTIC`. */
export async function authenticateCrl(
  what: string,
  der: Uint8Array,
  issuer: Certificate,
): Promise<AuthenticDocument<Crl>> {
  const crl = readDocument(what, () => parseCrl(der, what));
  const { thisUpdateMs, nextUpdateMs } = crl;
  // Its window is judged by whoever asked, who knows an expired CRL from a forged one.
  const problem = await crlProblem(crl, issuer, thisUpdateMs);
  if (problem !== undefined) throw unauthentic(what, problem);
  const order = [thisUpdateMs, readDocument(what, () => readCrlNumber(crl))];
  return { value: crl, order, notBeforeMs: thisUpdateMs, nextUpdateMs };
}
