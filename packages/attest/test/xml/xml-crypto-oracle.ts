import { createHash, type KeyLike, sign, verify } from 'node:crypto';
import { C14nCanonicalization, type HashAlgorithm, type SignatureAlgorithm, SignedXml } from 'xml-crypto';

// xml-crypto has none of NVIDIA's algorithms; each is a few lines over node:crypto.

class C14n11 extends C14nCanonicalization {
  override getAlgorithmName(): string {
    return 'http://www.w3.org/2006/12/xml-c14n11';
  }
}

class Sha384 implements HashAlgorithm {
  getAlgorithmName(): string {
    return 'http://www.w3.org/2001/04/xmldsig-more#sha384';
  }

  getHash(xml: string): string {
    return createHash('sha384').update(xml, 'utf8').digest('base64');
  }
}

class EcdsaSha384 implements SignatureAlgorithm {
  getAlgorithmName(): string {
    return 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384';
  }

  getSignature(): string {
    throw new Error('this oracle signs nothing');
  }

  verifySignature(material: string, key: KeyLike, value: string): boolean {
    return verify(
      'sha384',
      Buffer.from(material),
      { key: key as string, dsaEncoding: 'ieee-p1363' },
      Buffer.from(value, 'base64'),
    );
  }
}

/** What an independent library says about the enveloped signature of a document under a key (PEM). */
export function verifyWithXmlCrypto(xml: string, publicKeyPem: string): boolean {
  const start = xml.lastIndexOf('<ds:Signature ');
  const signed = new SignedXml({ publicCert: publicKeyPem, getCertFromKeyInfo: () => null });
  Object.assign(signed.CanonicalizationAlgorithms, { 'http://www.w3.org/2006/12/xml-c14n11': C14n11 });
  Object.assign(signed.HashAlgorithms, { 'http://www.w3.org/2001/04/xmldsig-more#sha384': Sha384 });
  Object.assign(signed.SignatureAlgorithms, {
    'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384': EcdsaSha384,
  });
  try {
    const end = xml.indexOf('</ds:Signature>', start) + '</ds:Signature>'.length;
    signed.loadSignature(xml.slice(start, end));
    return signed.checkSignature(xml);
  } catch {
    return false;
  }
}

/** An enveloped signature as NVIDIA's files have it, over a document that this project has canonicalized. */
export interface SignedTextOptions {
  readonly canonicalize: (xml: string) => { readonly content: string; readonly signedInfo: string };
  readonly privateKey: KeyLike;
}

/** Puts a signature without key information into the end of a document's root. */
export function signText(xml: string, { canonicalize, privateKey }: SignedTextOptions): string {
  const end = xml.lastIndexOf('</');
  const write = (digest: string, value: string): string =>
    `${xml.slice(0, end)}<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>` +
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"/>' +
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"/>' +
    '<ds:Reference URI=""><ds:Transforms>' +
    '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>' +
    '<ds:Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11"/></ds:Transforms>' +
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"/>' +
    `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>` +
    `<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature>${xml.slice(end)}`;
  const { content } = canonicalize(write('', ''));
  const digest = createHash('sha384').update(content).digest('base64');
  const { signedInfo } = canonicalize(write(digest, ''));
  const value = sign('sha384', Buffer.from(signedInfo), {
    key: privateKey as string,
    dsaEncoding: 'ieee-p1363',
  });
  return write(digest, value.toString('base64'));
}
