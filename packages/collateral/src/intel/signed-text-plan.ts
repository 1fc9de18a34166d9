import { parseCertificate, parsePemCertificates, verifySignature } from '@dcml/attest';
import { decodeUtf8, encodeUtf8, equalBytes, Fields, fromHex, parseJson } from '@dcml/core';
import { unauthentic } from '../collateral-error.ts';
import { readAnswer, readDocument } from '../document/attest-refusal.ts';
import { assertSignerChain, rootKey } from '../document/authentic-chain.ts';
import type { DocumentPlan } from '../document/document-plan.ts';
import { download } from '../http/download.ts';
import { cutObjectMember } from './cut-member.ts';
import type { IntelTrust } from './intel-crl-plans.ts';
import { type IntelService, intelUrl } from './intel-service.ts';
import { readIssuerChain } from './issuer-chain.ts';

const MAX_DOCUMENT_BYTES = 1 << 20;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export interface SignedText {
  readonly issuerChainPem: string;
  /** The text that the signature covers. */
  readonly text: string;
  readonly signatureHex: string;
  readonly tcbEvaluationDataNumber: number;
}

/** A document of Intel's that is JSON with a signature beside it. */
export interface SignedTextKind {
  readonly what: string;
  /** Last part of the key. */
  readonly name: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly chainHeader: string;
  /** The member with the document. */
  readonly member: string;
  /** What the document must say of itself, for example its id. */
  readonly expected: Readonly<Record<string, string | number>>;
}

function readInstant(fields: Fields, name: string): number {
  const text = fields.string(name, 32);
  return INSTANT.test(text) ? Date.parse(text) : Number.NaN;
}

function readFacts(
  text: string,
  { what, expected }: SignedTextKind,
): { issued: number; nextUpdate: number; evaluation: number } {
  const fields = new Fields(parseJson(text), what);
  for (const [name, value] of Object.entries(expected)) {
    const found = fields.required(name);
    const same =
      typeof found === 'string' ? found.toLowerCase() === String(value).toLowerCase() : found === value;
    if (!same) throw unauthentic(what, `its ${name} is ${JSON.stringify(found)}, asked for ${value}`);
  }
  const issued = readInstant(fields, 'issueDate');
  const nextUpdate = readInstant(fields, 'nextUpdate');
  if (Number.isNaN(issued) || Number.isNaN(nextUpdate)) throw unauthentic(what, 'has no window');
  return { issued, nextUpdate, evaluation: fields.integer('tcbEvaluationDataNumber', 0, 1_000_000) };
}

function readKept(bytes: Uint8Array, what: string): Omit<SignedText, 'tcbEvaluationDataNumber'> {
  const fields = new Fields(parseJson(decodeUtf8(bytes), { maxLength: 1 << 22, maxDepth: 2 }), what);
  return {
    issuerChainPem: fields.string('issuer_chain_pem', 16_384),
    text: fields.string('text', MAX_DOCUMENT_BYTES),
    signatureHex: fields.string('signature_hex', 128),
  };
}

/** TCB info or a QE identity, kept as signed text, signature and issuer chain. */
export function signedTextPlan(
  service: IntelService,
  kind: SignedTextKind,
  { root, rootCrl }: IntelTrust,
): DocumentPlan<SignedText> {
  const { what } = kind;
  return {
    what,
    key: `intel_${rootKey(root)}_${kind.name}`,
    download: async (context) => {
      const tls = service.kind === 'pccs' && service.caPem !== undefined ? { caPem: service.caPem } : {};
      const url = intelUrl(service, kind.path, kind.query);
      const question = { url, accept: 'application/json', maxBytes: MAX_DOCUMENT_BYTES, ...tls };
      const answer = await download(question, context);
      const kept = readAnswer(what, () => {
        const body = decodeUtf8(answer.body);
        return {
          text: cutObjectMember(body, kind.member),
          signature_hex: new Fields(parseJson(body), what).string('signature', 128).toLowerCase(),
        };
      });
      const issuerChainPem = readIssuerChain(answer, kind.chainHeader);
      return encodeUtf8(JSON.stringify({ issuer_chain_pem: issuerChainPem, ...kept }));
    },
    authenticate: async (bytes, nowMs) => {
      const { kept, chain, signature } = readDocument(what, () => {
        const read = readKept(bytes, what);
        const ders = parsePemCertificates(read.issuerChainPem, `${what} issuer chain`, 2);
        const parsed = ders.map((der) => parseCertificate(der, `${what} signing certificate`));
        return { kept: read, chain: parsed, signature: fromHex(read.signatureHex, `${what} signature`, 64) };
      });
      const [signer, top] = chain;
      if (signer === undefined || top === undefined || !equalBytes(top.der, root.der)) {
        throw unauthentic(what, 'its issuer chain is not one certificate under the trusted root');
      }
      if (!signer.commonName.includes('TCB Signing'))
        throw unauthentic(what, 'was not signed by TCB signing');
      if (rootCrl.revokedSerials.has(signer.serial)) throw unauthentic(what, 'its signer is revoked');
      await assertSignerChain(what, [signer, root], nowMs);
      const isSigned = await verifySignature(
        signer.publicKey,
        'ecdsa-sha256',
        signature,
        encodeUtf8(kept.text),
      );
      if (!isSigned) throw unauthentic(what, 'its signature is wrong');
      const { issued, nextUpdate, evaluation } = readDocument(what, () => readFacts(kept.text, kind));
      return {
        value: { ...kept, tcbEvaluationDataNumber: evaluation },
        order: [evaluation, issued],
        notBeforeMs: issued,
        nextUpdateMs: nextUpdate,
      };
    },
  };
}
