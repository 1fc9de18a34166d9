import { CollateralError } from '../collateral-error.ts';
import { canonicalPem } from '../document/pem-answer.ts';
import type { HttpAnswer } from '../http/exchange.ts';

/** The issuer chain that Intel's services send beside a document: PEM, percent-encoded. Throws `COLLATERAL_ANSWER`. */
export function readIssuerChain(answer: HttpAnswer, name: string): string {
  const encoded = answer.header(name.toLowerCase());
  if (encoded === undefined) {
    throw new CollateralError('COLLATERAL_ANSWER', `the answer has no header ${name}`);
  }
  let text: string;
  try {
    text = decodeURIComponent(encoded);
  } catch (cause) {
    throw new CollateralError('COLLATERAL_ANSWER', `header ${name} is not percent-encoded`, { cause });
  }
  return canonicalPem(text, name);
}
