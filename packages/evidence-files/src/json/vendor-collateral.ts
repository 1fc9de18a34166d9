import { type NvidiaEvidence, parseSnpCollateral } from '@dcml/attest';
import { type JsonObject, type JsonValue, toHex } from '@dcml/core';
import { readDer } from '../der/read-der.ts';
import { brokenFile } from '../evidence-files-error.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { readPemBlocks } from '../text/pem.ts';
import { tryHex } from '../text/radix.ts';
import { readIntelCollateral } from './intel-collateral.ts';
import { arrayOf, bytesOf, objectWith } from './members.ts';

const NVIDIA = 'NVIDIA collateral';
const MAX_BUNDLES = 64;

function snpParts(value: JsonObject): Part[] {
  // In an archive a member says whose collateral it is.
  const members = Object.entries(value).filter(([name]) => name !== 'kind');
  const { endorsementCertificateHex, issuerChainPem, crlHex } = parseSnpCollateral(
    Object.fromEntries(members),
  );
  const ders = [
    tryHex(endorsementCertificateHex),
    ...readPemBlocks(issuerChainPem).map((block) => block.bytes),
    ...(crlHex === null ? [] : [tryHex(crlHex)]),
  ];
  return ders.map((der) => {
    const part = der && readDer(der);
    if (part === undefined)
      throw brokenFile('SEV-SNP collateral', 'holds something else than certificates and a CRL');
    return part;
  });
}

function nvidiaParts(value: JsonObject): Part[] {
  const rims = arrayOf(value['rims']);
  const responses = arrayOf(value['ocsp_responses']);
  if (rims === undefined || responses === undefined) throw brokenFile(NVIDIA, 'lacks one of its lists');
  return [
    ...rims.map((xml): Part => {
      if (typeof xml !== 'string') throw brokenFile(NVIDIA, 'a manifest is no text');
      return { type: 'rim', xml };
    }),
    ...responses.map(
      (response, i): Part => ({
        type: 'ocsp-response',
        der: bytesOf(response, `ocsp_responses[${i}]`, NVIDIA),
      }),
    ),
  ];
}

/** Manifests and OCSP responses of completed evidence, each once, as JSON that `readEvidenceFile` reads. */
export function encodeNvidiaCollateral({ devices, rims }: NvidiaEvidence): JsonObject {
  const responses = [...devices, ...rims].flatMap(({ ocspResponses }) =>
    ocspResponses.map((der) => toHex(der)),
  );
  return { rims: rims.map(({ xml }) => xml), ocsp_responses: [...new Set(responses)] };
}

/** Collateral of one vendor in the form that is written here, or several of them. */
export function readVendorCollateral(value: JsonValue, text: string): FileContents | undefined {
  const snp = objectWith(value, 'endorsement_certificate_hex', 'issuer_chain_pem', 'crl_hex');
  if (snp !== undefined) return oneSubject('SEV-SNP collateral', ...snpParts(snp));
  const nvidia = objectWith(value, 'rims', 'ocsp_responses');
  if (nvidia !== undefined) return oneSubject(NVIDIA, ...nvidiaParts(nvidia));
  const bundles = arrayOf(objectWith(value, 'collateral')?.['collateral']);
  if (bundles === undefined) return readIntelCollateral(value, text);
  if (bundles.length > MAX_BUNDLES) throw brokenFile('collateral', `has more than ${MAX_BUNDLES} bundles`);
  const parts = bundles.flatMap((bundle) => {
    // Nothing nests: a bundle of bundles is none of ours.
    const inner = objectWith(bundle, 'collateral') ? undefined : readVendorCollateral(bundle, '');
    if (inner === undefined) throw brokenFile('collateral', 'has a member that is no collateral');
    return inner.subjects.flatMap((subject) => subject.parts);
  });
  return oneSubject(`collateral of ${bundles.length} kinds`, ...parts);
}
