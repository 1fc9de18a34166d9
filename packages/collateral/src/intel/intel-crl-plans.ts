import { type Certificate, type Crl, parseCertificate, parsePemCertificates } from '@dcml/attest';
import { decodeUtf8, encodeUtf8, Fields, fromHex, parseJson, toHex } from '@dcml/core';
import { unauthentic } from '../collateral-error.ts';
import { readAnswer, readDocument } from '../document/attest-refusal.ts';
import { assertCa, rootKey } from '../document/authentic-chain.ts';
import { authenticateCrl } from '../document/authentic-crl.ts';
import type { DocumentPlan } from '../document/document-plan.ts';
import { download } from '../http/download.ts';
import { type IntelService, intelUrl, rootCrlUrl } from './intel-service.ts';
import { readIssuerChain } from './issuer-chain.ts';

const MAX_CRL_BYTES = 1 << 20;
const DER_TYPE = 'application/pkix-crl, application/octet-stream, */*';

/** A CRL in DER or in hex: a PCCS answers in hex where Intel answers in DER. */
function readDer(what: string, body: Uint8Array): Uint8Array {
  // DER begins with the tag of a SEQUENCE, which is the digit 0 in ASCII; no CRL is short enough to be all hex digits.
  const isHex = body.length >= 2 && body.every((byte) => /[0-9a-fA-F\s]/.test(String.fromCharCode(byte)));
  if (!isHex) return body;
  return readAnswer(what, () => fromHex(decodeUtf8(body).trim().toLowerCase(), what));
}

const caPem = (service: IntelService): { caPem?: string } =>
  service.kind === 'pccs' && service.caPem !== undefined ? { caPem: service.caPem } : {};

/** The root's CRL, kept as its DER. */
export function rootCrlPlan(
  service: IntelService,
  root: Certificate,
): DocumentPlan<{ crl: Crl; hex: string }> {
  const what = 'root CRL';
  return {
    what,
    key: `intel_${rootKey(root)}_root-crl`,
    download: async (context) => {
      const url = rootCrlUrl(service, root);
      const question = { url, accept: DER_TYPE, maxBytes: 2 * MAX_CRL_BYTES + 2, ...caPem(service) };
      return readDer(what, (await download(question, context)).body);
    },
    authenticate: async (bytes) => {
      const document = await authenticateCrl(what, bytes, root);
      return { ...document, value: { crl: document.value, hex: toHex(bytes) } };
    },
  };
}

export interface PckCrl {
  readonly issuerChainPem: string;
  readonly hex: string;
}

/** What makes an Intel document true beside its own signature. */
export interface IntelTrust {
  readonly root: Certificate;
  readonly rootCrl: Crl;
}

/** The CRL of the PCK CA of one kind, kept with its issuer chain. */
export function pckCrlPlan(
  service: IntelService,
  ca: 'platform' | 'processor',
  { root, rootCrl }: IntelTrust,
): DocumentPlan<PckCrl> {
  const what = `PCK CRL of the ${ca} CA`;
  return {
    what,
    key: `intel_${rootKey(root)}_pck-crl_${ca}`,
    download: async (context) => {
      const url = intelUrl(service, '/sgx/certification/v4/pckcrl', { ca, encoding: 'der' });
      const question = { url, accept: DER_TYPE, maxBytes: 2 * MAX_CRL_BYTES + 2, ...caPem(service) };
      const answer = await download(question, context);
      return encodeUtf8(
        JSON.stringify({
          issuer_chain_pem: readIssuerChain(answer, 'SGX-PCK-CRL-Issuer-Chain'),
          crl_hex: toHex(readDer(what, answer.body)),
        }),
      );
    },
    authenticate: async (bytes, nowMs) => {
      const { value, issuer } = readDocument(what, () => {
        const fields = new Fields(parseJson(decodeUtf8(bytes), { maxLength: 1 << 22, maxDepth: 2 }), what);
        const issuerChainPem = fields.string('issuer_chain_pem', 16_384);
        const hex = fields.string('crl_hex', 2 * MAX_CRL_BYTES);
        const chain = parsePemCertificates(issuerChainPem, `${what} issuer chain`, 2);
        return { value: { issuerChainPem, hex }, issuer: chain.map((der) => parseCertificate(der)) };
      });
      const [signer, top] = issuer;
      if (signer === undefined || top === undefined || toHex(top.der) !== toHex(root.der)) {
        throw unauthentic(what, 'its issuer chain is not one CA under the trusted root');
      }
      const kind = ca === 'platform' ? 'PCK Platform CA' : 'PCK Processor CA';
      if (!signer.commonName.includes(kind)) throw unauthentic(what, `${signer.commonName} is another CA`);
      if (rootCrl.revokedSerials.has(signer.serial)) throw unauthentic(what, 'its CA is revoked');
      await assertCa(what, signer, root, nowMs);
      const der = readDocument(what, () => fromHex(value.hex, what));
      return { ...(await authenticateCrl(what, der, signer)), value };
    },
  };
}
