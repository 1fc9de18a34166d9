import { DerReader, derTags } from './der-reader.ts';
import { readSerial, readSmallInteger, readTime } from './der-values.ts';
import { readExtensions } from './extensions.ts';
import { readSignature } from './signature.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';

const MAX_CRL_BYTES = 1 << 20;

/** A complete X.509 v2 CRL, read and not yet believed. */
export interface Crl {
  readonly signedBytes: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** r and s of ECDSA, or the bytes of the RSA integer. */
  readonly signature: Uint8Array;
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** Serial numbers as hex of the INTEGER's content. */
  readonly revokedSerials: ReadonlySet<string>;
}

function readRevoked(body: DerReader): Set<string> {
  const serials = new Set<string>();
  const list = body.readOptional(derTags.sequence, 'revoked certificates');
  // RFC 5280 section 5.1.2.6: the list is absent when nothing is revoked.
  if (list?.isEmpty === true) list.fail('list of revoked certificates is empty');
  while (list !== undefined && !list.isEmpty) {
    const entry = list.read(derTags.sequence, 'revoked certificate');
    serials.add(readSerial(entry));
    readTime(entry, 'revocation time');
    if (!entry.isEmpty) readExtensions(entry, []);
    entry.end();
  }
  return serials;
}

/**
 * Parses one CRL of exactly these bytes. Partial and delta CRLs are refused, since both have a critical extension.
 * Throws `ATTEST_FORMAT`.
 */
export function parseCrl(der: Uint8Array, what = 'CRL'): Crl {
  const document = new DerReader(der, what);
  if (der.length > MAX_CRL_BYTES) document.fail(`is longer than ${MAX_CRL_BYTES} bytes`);
  const outer = document.read(derTags.sequence, 'CRL');
  document.end();
  const signedBytes = outer.encoded(derTags.sequence, 'body');
  const signatureAlgorithm = readSignatureAlgorithm(outer, 'signature algorithm');
  const signature = readSignature(outer, signatureAlgorithm, what);
  outer.end();

  const body = new DerReader(signedBytes, `${what} body`).read(derTags.sequence, 'body');
  // Version 2 is encoded as 1.
  if (readSmallInteger(body, 'version', 1) !== 1) body.fail('is not a version 2 CRL');
  const innerAt = body.offset;
  if (readSignatureAlgorithm(body, 'signature algorithm') !== signatureAlgorithm) {
    body.fail('names two signature algorithms', innerAt);
  }
  const issuer = body.encoded(derTags.sequence, 'issuer');
  const thisUpdateMs = readTime(body, 'this update');
  const nextUpdateMs = readTime(body, 'next update');
  const revokedSerials = readRevoked(body);
  const wrapper = body.read(0xa0, 'extensions');
  readExtensions(wrapper, []);
  wrapper.end();
  body.end();
  return {
    signedBytes,
    signatureAlgorithm,
    signature,
    issuer,
    thisUpdateMs,
    nextUpdateMs,
    revokedSerials,
  };
}
