import { constants, type KeyObject, verify as nodeVerify, X509Certificate } from 'node:crypto';
import { amdProducts, decodeTcb, parseEndorsement, parseSnpReport, type SnpEvidence } from '@dcml/attest';
import { concatBytes, fromHex, toHex } from '@dcml/core';
import { derBitString, derInteger, derSequence } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { parseCrl } from '../../src/x509/crl.ts';
import {
  azureSample,
  certificateHex,
  derBlocks,
  hasSnpSamples,
  issuerChain,
  readSample,
  realCrl,
  realEvidence,
} from './real-snp.ts';
import { makeEvidence, vendorOf } from './simulated-snp.ts';

// An independent implementation says the same: OpenSSL through node:crypto.

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };

function isSignedByNode(report: Uint8Array, key: KeyObject): boolean {
  const scalar = (at: number): Uint8Array => derInteger(report.slice(at, at + 72).reverse());
  const der = derSequence(scalar(0x2a0), scalar(0x2e8));
  return nodeVerify('sha384', report.subarray(0, 0x2a0), key, der);
}

function compare({ report, collateral }: SnpEvidence): void {
  const leafDer = fromHex(collateral.endorsementCertificateHex);
  const ders = [leafDer, ...derBlocks(collateral.issuerChainPem)];
  const [leaf, ca, root] = ders.map((der) => new X509Certificate(der)) as [
    X509Certificate,
    X509Certificate,
    X509Certificate,
  ];
  expect(leaf.verify(ca.publicKey)).toBe(true);
  expect(ca.verify(root.publicKey)).toBe(true);
  expect(root.verify(root.publicKey)).toBe(true);
  expect(isSignedByNode(report, leaf.publicKey)).toBe(true);

  ders.forEach((der, i) => {
    const ours = parseCertificate(der);
    const theirs = new X509Certificate(der);
    expect(ours.notBeforeMs).toBe(theirs.validFromDate.getTime());
    expect(ours.notAfterMs).toBe(theirs.validToDate.getTime());
    expect(BigInt(`0x${ours.serial}`)).toBe(BigInt(`0x${theirs.serialNumber}`));
    expect(theirs.subject.split('\n')).toContain(`CN=${ours.commonName}`);
    expect(ours.isCa).toBe(theirs.ca);
    expect(ours.isCa).toBe(i > 0);
    const spki = theirs.publicKey.export({ type: 'spki', format: 'der' });
    const { publicKey } = ours;
    // The SubjectPublicKeyInfo of an EC key ends in its point.
    if (publicKey.type === 'ec') expect(toHex(spki).endsWith(toHex(publicKey.point))).toBe(true);
    else expect(toHex(publicKey.spki)).toBe(toHex(spki));
  });
  const parsed = parseSnpReport(report);
  const { product, tcb } = parseEndorsement(parseCertificate(leafDer));
  expect(decodeTcb(parsed.reportedTcb, product)).toEqual(tcb);
  if (collateral.crlHex === null) return;
  const crl = fromHex(collateral.crlHex);
  const ours = parseCrl(crl);
  expect(nodeVerify('sha384', ours.signedBytes, { key: root.publicKey, ...PSS }, ours.signature)).toBe(true);
  expect(toHex(crl)).toContain(toHex(concatBytes(ours.signedBytes)));
  expect(toHex(crl).endsWith(toHex(derBitString(ours.signature)))).toBe(true);
}

describe('node:crypto agrees on', () => {
  it.each(amdProducts)('simulated evidence of %s', (product) => {
    compare(makeEvidence({ vendor: vendorOf(product), version: 5 }));
    compare(makeEvidence({ vendor: vendorOf(product, 'vlek') }));
  });

  it.skipIf(!hasSnpSamples)('real evidence', () => {
    const MILAN = issuerChain('amd-ask_ark_milan.pem');
    const sample = (report: string, certificate: string, chain: string, crl: string | null): SnpEvidence =>
      realEvidence(readSample(`sev-snp/${report}`), certificateHex(`sev-snp/${certificate}`), chain, crl);
    compare(sample('coco-test-report.bin', 'coco-test-vcek.der', MILAN, realCrl('milan')));
    compare(sample('google-attestation-milan.bin', 'google-vcek-milan.der', MILAN, null));
    compare(sample('dstack-sev_snp-report.bin', 'dstack-sev_snp_vcek.pem', MILAN, null));
    const vlekChain = issuerChain('amd-ask_ark_milan_vlek.pem');
    compare(sample('coco-test-vlek-report.bin', 'coco-test-vlek.der', vlekChain, null));
    const azure = azureSample('coco-evidence-genoa.json');
    const genoa = issuerChain('amd-ask_ark_genoa.pem');
    compare(realEvidence(azure.report, azure.vcekHex, genoa, realCrl('genoa')));
  });

  it.skipIf(!hasSnpSamples)('the wrong VCEKs: neither chain nor report hold', () => {
    const report = readSample('sev-snp/coco-test-report.bin');
    const [ca] = derBlocks(issuerChain('amd-ask_ark_milan.pem')).map((der) => new X509Certificate(der));
    for (const form of ['legacy', 'new']) {
      const leaf = new X509Certificate(fromHex(certificateHex(`sev-snp/coco-test-vcek-invalid-${form}.der`)));
      expect(leaf.verify(ca!.publicKey)).toBe(false);
      expect(isSignedByNode(report, leaf.publicKey)).toBe(false);
    }
  });
});
