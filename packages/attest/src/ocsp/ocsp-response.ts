import { formatError } from '../attest-error.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readOid, readSerial } from '../x509/der-values.ts';
import { readExtensions } from '../x509/extensions.ts';
import { readSignature } from '../x509/signature.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { readGeneralizedTime } from './generalized-time.ts';

const MAX_RESPONSE_BYTES = 32_768;
const MAX_ANSWERS = 64;
const MAX_CERTIFICATES = 4;
const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
/** The requester's nonce says nothing to anybody else, so it is not judged. */
const NONCE = '1.3.6.1.5.5.7.48.1.2';

export type CertIdHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
const hashes: ReadonlyMap<string, CertIdHash> = new Map([
  ['1.3.14.3.2.26', 'SHA-1'],
  ['2.16.840.1.101.3.4.2.1', 'SHA-256'],
  ['2.16.840.1.101.3.4.2.2', 'SHA-384'],
  ['2.16.840.1.101.3.4.2.3', 'SHA-512'],
]);

/** Names a certificate by its issuer and serial number. */
export interface CertId {
  readonly hash: CertIdHash;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  readonly serial: string;
}

export type CertStatus =
  | { readonly status: 'good' | 'unknown' }
  | { readonly status: 'revoked'; readonly reason: number | undefined; readonly revokedAtMs: number };

/** What a responder says about one certificate. */
export interface OcspAnswer {
  readonly certId: CertId;
  readonly certStatus: CertStatus;
  readonly thisUpdateMs: number;
  /** Undefined: the responder promises no newer answer at a set time. */
  readonly nextUpdateMs: number | undefined;
}

/** Who says to have signed: a name in DER, or the SHA-1 of a public key. */
export type ResponderId =
  | { readonly type: 'name'; readonly name: Uint8Array }
  | { readonly type: 'key'; readonly keyHash: Uint8Array };

/** A successful basic OCSP response, read and not yet believed. */
export interface OcspResponse {
  readonly signedBytes: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly responder: ResponderId;
  readonly producedAtMs: number;
  readonly answers: readonly OcspAnswer[];
  /** DER of the certificates that came with it. */
  readonly certificates: readonly Uint8Array[];
}

function readCertId(reader: DerReader): CertId {
  const start = reader.offset;
  const id = reader.read(derTags.sequence, 'certificate id');
  const algorithm = id.read(derTags.sequence, 'hash algorithm');
  const hash = hashes.get(readOid(algorithm, 'hash algorithm'));
  if (hash === undefined) return reader.fail('hash algorithm of the certificate id is not supported', start);
  const parameters = algorithm.readOptional(derTags.null, 'hash parameters');
  if (parameters?.isEmpty === false) algorithm.fail('NULL has content');
  algorithm.end();
  const issuerNameHash = id.read(derTags.octetString, 'hash of the issuer name').rest();
  const issuerKeyHash = id.read(derTags.octetString, 'hash of the issuer key').rest();
  const serial = readSerial(id);
  id.end();
  return { hash, issuerNameHash, issuerKeyHash, serial };
}

function readEnumerated(reader: DerReader, field: string): number {
  const start = reader.offset;
  const bytes = reader.read(derTags.enumerated, field).rest();
  const [value] = bytes;
  if (value === undefined || bytes.length !== 1 || value >= 0x80)
    reader.fail(`${field} is out of range`, start);
  return value;
}

function readStatus(answer: DerReader): CertStatus {
  const tag = answer.peek();
  if (tag === 0x80 || tag === 0x82) {
    const content = answer.read(tag, 'status');
    content.end();
    return { status: tag === 0x80 ? 'good' : 'unknown' };
  }
  const revoked = answer.read(0xa1, 'status');
  const revokedAtMs = readGeneralizedTime(revoked, 'revocation time');
  const wrapper = revoked.readOptional(0xa0, 'revocation reason');
  const reason = wrapper && readEnumerated(wrapper, 'revocation reason');
  wrapper?.end();
  revoked.end();
  return { status: 'revoked', reason, revokedAtMs };
}

function readOptionalExtensions(reader: DerReader, tag: number): void {
  const wrapper = reader.readOptional(tag, 'extensions');
  if (wrapper === undefined) return;
  readExtensions(wrapper, [NONCE]);
  wrapper.end();
}

function readAnswer(list: DerReader): OcspAnswer {
  const answer = list.read(derTags.sequence, 'answer');
  const certId = readCertId(answer);
  const certStatus = readStatus(answer);
  const thisUpdateMs = readGeneralizedTime(answer, 'this update');
  const wrapper = answer.readOptional(0xa0, 'next update');
  const nextUpdateMs = wrapper && readGeneralizedTime(wrapper, 'next update');
  wrapper?.end();
  readOptionalExtensions(answer, 0xa1);
  answer.end();
  return { certId, certStatus, thisUpdateMs, nextUpdateMs };
}

function readResponder(data: DerReader): ResponderId {
  const byName = data.readOptional(0xa1, 'responder name');
  if (byName !== undefined) {
    const name = byName.encoded(derTags.sequence, 'responder name');
    byName.end();
    return { type: 'name', name };
  }
  const byKey = data.read(0xa2, 'responder key');
  const keyHash = byKey.read(derTags.octetString, 'responder key').rest();
  byKey.end();
  return { type: 'key', keyHash };
}

function readData(
  signedBytes: Uint8Array,
  what: string,
): Pick<OcspResponse, 'responder' | 'producedAtMs' | 'answers'> {
  const data = new DerReader(signedBytes, what).read(derTags.sequence, 'response data');
  const version = data.readOptional(0xa0, 'version');
  // DER leaves out the default, which is the only version there is.
  if (version !== undefined) data.fail('version is written out or not 1');
  const responder = readResponder(data);
  const producedAtMs = readGeneralizedTime(data, 'produced at');
  const list = data.read(derTags.sequence, 'answers');
  const answers: OcspAnswer[] = [];
  while (!list.isEmpty) {
    if (answers.length === MAX_ANSWERS) list.fail(`more than ${MAX_ANSWERS} answers`);
    answers.push(readAnswer(list));
  }
  if (answers.length === 0) data.fail('response answers nothing');
  readOptionalExtensions(data, 0xa1);
  data.end();
  return { responder, producedAtMs, answers };
}

function readBasic(bytes: Uint8Array, what: string): OcspResponse {
  const document = new DerReader(bytes, what);
  const basic = document.read(derTags.sequence, 'basic response');
  document.end();
  const signedBytes = basic.encoded(derTags.sequence, 'response data');
  const signatureAlgorithm = readSignatureAlgorithm(basic, 'signature algorithm');
  const signature = readSignature(basic, signatureAlgorithm, what);
  const certificates: Uint8Array[] = [];
  const wrapper = basic.readOptional(0xa0, 'certificates');
  const list = wrapper?.read(derTags.sequence, 'certificates');
  while (list !== undefined && !list.isEmpty) {
    if (certificates.length === MAX_CERTIFICATES) list.fail(`more than ${MAX_CERTIFICATES} certificates`);
    certificates.push(list.encoded(derTags.sequence, 'certificate'));
  }
  wrapper?.end();
  basic.end();
  return { signedBytes, signatureAlgorithm, signature, certificates, ...readData(signedBytes, what) };
}

/** Parses one OCSP response of exactly these bytes (RFC 6960 section 4.2.1). Throws `ATTEST_FORMAT`. */
export function parseOcspResponse(der: Uint8Array, what = 'OCSP response'): OcspResponse {
  if (der.length > MAX_RESPONSE_BYTES) throw formatError(what, `is longer than ${MAX_RESPONSE_BYTES} bytes`);
  const document = new DerReader(der, what);
  const outer = document.read(derTags.sequence, 'response');
  document.end();
  const status = readEnumerated(outer, 'response status');
  if (status !== 0) outer.fail(`the responder refused to answer (status ${status})`);
  const wrapper = outer.read(0xa0, 'response bytes');
  const bytes = wrapper.read(derTags.sequence, 'response bytes');
  wrapper.end();
  outer.end();
  const start = bytes.offset;
  if (readOid(bytes, 'response type') !== BASIC_RESPONSE) bytes.fail('response is not a basic one', start);
  const basic = bytes.read(derTags.octetString, 'response').rest();
  bytes.end();
  return readBasic(basic, what);
}
