import {
  type AmdProduct,
  type AmdTcb,
  type Certificate,
  parseCertificate,
  parseEndorsement,
  parsePemCertificates,
  productNames,
} from '@dcml/attest';
import { decodeUtf8, encodeUtf8, equalBytes, sha256, toHex } from '@dcml/core';
import { unauthentic } from '../collateral-error.ts';
import { readAnswer, readDocument } from '../document/attest-refusal.ts';
import { assertCa, assertSignerChain, rootKey } from '../document/authentic-chain.ts';
import { authenticateCrl } from '../document/authentic-crl.ts';
import type { DocumentPlan } from '../document/document-plan.ts';
import { canonicalPem } from '../document/pem-answer.ts';
import { download } from '../http/download.ts';
import {
  type ChipKey,
  type EndorsementKey,
  hardwareId,
  type KdsService,
  kdsTls,
  kdsUrl,
  tcbQuery,
} from './kds-service.ts';

/** Whose documents: the product's root in the policy, and which of its two CAs. */
export interface AmdIssuer {
  readonly key: EndorsementKey;
  readonly product: AmdProduct;
  readonly root: Certificate;
}

export interface AmdChain {
  readonly pem: string;
  readonly ca: Certificate;
}

function caName({ key, product }: AmdIssuer): string {
  return key === 'vcek' ? `SEV-${productNames[product]}` : `SEV-VLEK-${productNames[product]}`;
}

/** The signing CA (ASK or ASVK) and the root, kept as their PEM. */
export function issuerChainPlan(service: KdsService, issuer: AmdIssuer): DocumentPlan<AmdChain> {
  const { key, product, root } = issuer;
  const what = `${caName(issuer)} chain`;
  return {
    what,
    key: `amd_${rootKey(root)}_chain_${key}`,
    download: async (context) => {
      const url = kdsUrl(service, key, product, 'cert_chain');
      const question = { url, accept: '*/*', maxBytes: 16_384, ...kdsTls(service) };
      const { body } = await download(question, context);
      return encodeUtf8(
        canonicalPem(
          readAnswer(what, () => decodeUtf8(body)),
          what,
        ),
      );
    },
    authenticate: async (bytes, nowMs) => {
      const { pem, ca, top } = readDocument(what, () => {
        const text = decodeUtf8(bytes);
        const [first, last] = parsePemCertificates(text, what, 2).map((der) => parseCertificate(der, what));
        return { pem: text, ca: first, top: last };
      });
      if (ca === undefined || top === undefined || !equalBytes(top.der, root.der)) {
        throw unauthentic(what, 'is not one CA under the trusted root');
      }
      if (ca.commonName !== caName(issuer)) throw unauthentic(what, `${ca.commonName} is another CA`);
      await assertCa(what, ca, root, nowMs);
      const { notBeforeMs, notAfterMs } = ca;
      return { value: { pem, ca }, order: [notBeforeMs], notBeforeMs, nextUpdateMs: notAfterMs };
    },
  };
}

/** The CRL that the root signed about its CAs and their certificates. */
export function amdCrlPlan(service: KdsService, { key, product, root }: AmdIssuer): DocumentPlan<string> {
  const what = `${productNames[product]} ${key.toUpperCase()} CRL`;
  return {
    what,
    key: `amd_${rootKey(root)}_crl_${key}`,
    download: async (context) => {
      const url = kdsUrl(service, key, product, 'crl');
      return (await download({ url, accept: '*/*', maxBytes: 1 << 20, ...kdsTls(service) }, context)).body;
    },
    authenticate: async (bytes) => ({ ...(await authenticateCrl(what, bytes, root)), value: toHex(bytes) }),
  };
}

function isSameTcb(a: AmdTcb, b: AmdTcb): boolean {
  const components = ['bootloader', 'tee', 'snp', 'microcode', 'fmc'] as const;
  return components.every((component) => a[component] === b[component]);
}

/** The certificate of a chip's key at one TCB, under `ca`, kept as its DER. */
export function vcekPlan(
  service: KdsService,
  chip: ChipKey,
  ca: Certificate,
  root: Certificate,
): DocumentPlan<string> {
  const what = `${productNames[chip.product]} VCEK`;
  const query = tcbQuery(chip.tcb);
  const id = hardwareId(chip);
  const chipKey = toHex(sha256(encodeUtf8(`${id} ${JSON.stringify(query)}`)).subarray(0, 20));
  return {
    what,
    key: `amd_${rootKey(root)}_vcek_${chipKey}`,
    download: async (context) => {
      const url = kdsUrl(service, 'vcek', chip.product, id, query);
      return (await download({ url, accept: '*/*', maxBytes: 8192, ...kdsTls(service) }, context)).body;
    },
    authenticate: async (bytes, nowMs) => {
      const leaf = readDocument(what, () => parseCertificate(bytes, what));
      const { kind, product, tcb, chipId } = readDocument(what, () => parseEndorsement(leaf));
      await assertSignerChain(what, [leaf, ca, root], nowMs, { leafMayLackKeyUsage: true });
      if (kind !== 'vcek' || product !== chip.product) throw unauthentic(what, 'is for another product');
      if (chipId === undefined || !equalBytes(chipId, chip.chipId))
        throw unauthentic(what, 'is for another chip');
      if (!isSameTcb(tcb, chip.tcb)) throw unauthentic(what, 'is for another TCB');
      const { notBeforeMs, notAfterMs } = leaf;
      return { value: toHex(bytes), order: [notBeforeMs], notBeforeMs, nextUpdateMs: notAfterMs };
    },
  };
}
