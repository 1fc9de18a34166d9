import { encodeUtf8 } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { SignedDocument } from './signed-document.ts';
import { timelessChainProblem } from './timeless.ts';

/** TCB info of real platforms has some 20,000 characters. */
const MAX_TEXT = 1 << 20;

/** A text of Intel's with its signature and the PEM of signer and root. */
export interface SignedText {
  readonly what: string;
  readonly text: string;
  readonly signatureHex: string;
  readonly issuerChainPem: string;
}

/** A document that its own chain signed, or why it is none. Whether that chain is trusted and current is not judged. */
export type ReadDocument<Document> =
  | { readonly document: Document; readonly chain: SignerChain; readonly problem?: undefined }
  | { readonly document?: undefined; readonly chain?: undefined; readonly problem: string };

export type SignerChain = readonly [signer: Certificate, root: Certificate];

function readSignerChain(signed: SignedText): SignerChain | string {
  const { what } = signed;
  const parsed = attempt(() =>
    parsePemCertificates(signed.issuerChainPem, `${what} issuer chain`, 2).map((der) =>
      parseCertificate(der, `${what} issuer certificate`),
    ),
  );
  if (parsed.value === undefined) return parsed.problem;
  const [signer, root] = parsed.value;
  if (signer === undefined || root === undefined) {
    return `${what} issuer chain is not one certificate under its root`;
  }
  if (!signer.commonName.includes('TCB Signing')) {
    return `${describeCertificate(signer)} may not sign ${what}`;
  }
  return [signer, root];
}

/** Checks the signature of a text by a TCB signing certificate directly under a root, then parses the text. */
export async function readSignedText<Document extends SignedDocument>(
  signed: SignedText,
  parse: (text: string) => Document,
): Promise<ReadDocument<Document>> {
  const { what } = signed;
  if (signed.text.length > MAX_TEXT) return { problem: `${what} is longer than ${MAX_TEXT} characters` };
  const chain = readSignerChain(signed);
  if (typeof chain === 'string') return { problem: chain };
  const broken = await timelessChainProblem(chain);
  if (broken !== undefined) return { problem: broken };
  const signature = attempt(() => fromHexBounded(signed.signatureHex, `${what} signature`, 64));
  if (signature.value === undefined) return { problem: signature.problem };
  const { publicKey } = chain[0];
  if (!(await verifySignature(publicKey, 'ecdsa-sha256', signature.value, encodeUtf8(signed.text)))) {
    return { problem: `signature of ${what} is wrong` };
  }
  const parsed = attempt(() => parse(signed.text));
  return parsed.problem === undefined ? { document: parsed.value, chain } : { problem: parsed.problem };
}
