import { encodeUtf8, equalBytes, fromBase64, sha384 } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { PublicKey } from '../x509/public-key.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import { canonicalizeXml } from './canonicalize.ts';
import { parseXml } from './parse-xml.ts';
import { assertAttributes, elementsOf, textOf } from './read-element.ts';
import { isElement, type XmlElement } from './xml-element.ts';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const C14N_11 = 'http://www.w3.org/2006/12/xml-c14n11';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const ECDSA_SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384';
const SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384';
const MAX_CERTIFICATES = 6;

/** The parts of an enveloped signature, read and not yet believed. */
export interface EnvelopedSignature {
  readonly element: XmlElement;
  readonly signedInfo: XmlElement;
  /** r and s of ECDSA on P-384, 48 bytes each. */
  readonly value: Uint8Array;
  /** DER, in the order of the document. */
  readonly certificates: readonly Uint8Array[];
}

/** XML Signature section 4.3.2 permits white space in base64; the digits themselves must be canonical. */
function bytesOf(element: XmlElement, what: string): Uint8Array {
  return fromBase64(textOf(element, what).replace(/[ \t\n\r]/g, ''), what);
}

function countSignatureElements(element: XmlElement): number {
  const inside = element.children.filter(isElement).map(countSignatureElements);
  return inside.reduce((sum, count) => sum + count, element.namespace === DSIG ? 1 : 0);
}

/**
 * Finds the one signature of a document: the last child of the document element, with nothing of the signature
 * namespace outside it and certificates only in its key information. Throws `ATTEST_FORMAT` or `CORE_ENCODING`.
 */
export function readEnvelopedSignature(root: XmlElement, what: string): EnvelopedSignature {
  const element = root.children.filter(isElement).at(-1);
  if (element === undefined || element.namespace !== DSIG || element.localName !== 'Signature') {
    throw formatError(what, 'the last child of the document element is no signature', root.offset);
  }
  if (countSignatureElements(root) !== countSignatureElements(element)) {
    throw formatError(what, 'parts of a signature stand outside it', root.offset);
  }
  assertAttributes(element, [], what);
  const parts = elementsOf(element, DSIG, ['SignedInfo', 'SignatureValue', 'KeyInfo'], what);
  const [signedInfo, signatureValue, keyInfo] = parts as [XmlElement, XmlElement, XmlElement];
  for (const part of [signatureValue, keyInfo]) assertAttributes(part, [], what);
  const value = bytesOf(signatureValue, `${what} SignatureValue`);
  if (value.length !== 96) throw formatError(what, 'signature has not 96 bytes', signatureValue.offset);

  const [data] = elementsOf(keyInfo, DSIG, ['X509Data'], what) as [XmlElement];
  assertAttributes(data, [], what);
  const count = data.children.filter(isElement).length;
  if (count === 0 || count > MAX_CERTIFICATES) {
    throw formatError(
      what,
      `X509Data holds ${count} certificates, not 1 to ${MAX_CERTIFICATES}`,
      data.offset,
    );
  }
  const names = Array.from({ length: count }, () => 'X509Certificate');
  const certificates = elementsOf(data, DSIG, names, what).map((certificate) => {
    assertAttributes(certificate, [], what);
    return bytesOf(certificate, `${what} X509Certificate`);
  });
  return { element, signedInfo, value, certificates };
}

function assertAlgorithm(element: XmlElement, algorithm: string, what: string): void {
  const attributes = assertAttributes(element, ['Algorithm'], what);
  if (attributes.get('Algorithm') !== algorithm || element.children.length > 0) {
    throw formatError(what, `${element.localName} is not ${algorithm}`);
  }
}

/** The digest that a SignedInfo vouches for; everything in it must be as NVIDIA signs. */
function readSignedInfo(signedInfo: XmlElement, what: string): Uint8Array {
  assertAttributes(signedInfo, [], what);
  const infoParts = ['CanonicalizationMethod', 'SignatureMethod', 'Reference'];
  const [canonicalization, method, reference] = elementsOf(signedInfo, DSIG, infoParts, what) as [
    XmlElement,
    XmlElement,
    XmlElement,
  ];
  assertAlgorithm(canonicalization, C14N_11, what);
  assertAlgorithm(method, ECDSA_SHA384, what);
  // An empty URI is the whole document; no other element can be meant.
  if (assertAttributes(reference, ['URI'], what).get('URI') !== '') {
    throw formatError(what, 'signature does not refer to the whole document');
  }
  const referenceParts = ['Transforms', 'DigestMethod', 'DigestValue'];
  const [transforms, digestMethod, digestValue] = elementsOf(reference, DSIG, referenceParts, what) as [
    XmlElement,
    XmlElement,
    XmlElement,
  ];
  assertAttributes(transforms, [], what);
  const [enveloped, c14n] = elementsOf(transforms, DSIG, ['Transform', 'Transform'], what) as [
    XmlElement,
    XmlElement,
  ];
  assertAlgorithm(enveloped, ENVELOPED, what);
  assertAlgorithm(c14n, C14N_11, what);
  assertAlgorithm(digestMethod, SHA384, what);
  assertAttributes(digestValue, [], what);
  return bytesOf(digestValue, `${what} DigestValue`);
}

/**
 * Verifies an enveloped ECDSA-SHA384 signature and returns the document element parsed anew from exactly the bytes that
 * are signed, so that nothing else can be read. Throws `ATTEST_FORMAT` or `CORE_ENCODING`, also if the signature does
 * not hold.
 */
export async function openSignedDocument(
  root: XmlElement,
  signature: EnvelopedSignature,
  key: PublicKey,
  what: string,
): Promise<XmlElement> {
  const signedInfo = canonicalizeXml(signature.signedInfo);
  if (!(await verifySignature(key, 'ecdsa-sha384', signature.value, encodeUtf8(signedInfo)))) {
    throw formatError(what, 'signature is wrong');
  }
  const digest = readSignedInfo(parseXml(signedInfo, `${what} SignedInfo`), `${what} SignedInfo`);
  const content = canonicalizeXml(root, signature.element);
  if (!equalBytes(digest, sha384(encodeUtf8(content)))) {
    throw formatError(what, 'digest of the document is not the signed one');
  }
  return parseXml(content, `${what} canonical form`);
}
