import { type SnpCollateral, vendorRoots } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import { indexOfBytes, readUint } from '../binary/little-endian.ts';
import { outlineCertificate } from '../der/outline.ts';
import type { PartOf } from '../part.ts';
import { readPemBlocks, toCertificatePem } from '../text/pem.ts';
import { isWithin } from './choose.ts';
import type { MissingPart } from './missing-part.ts';
import { chainFrom, createPool, crlOf, type Pool } from './pool.ts';

type CertificatePart = PartOf<'certificate'>;

const KEY_FLAGS = 0x48;
const REPORTED_TCB = 0x180;
const CHIP_ID = 0x1a0;
const SOURCE = "AMD's key distribution service";
/** OID 1.3.6.1.4.1.3704.1.3.N with an INTEGER: one security version of the certified TCB. */
const TCB_FIELD = '060a2b060104019c780103';
/** Component number in the OID, and its byte in the reported TCB before Turin. */
const components: readonly (readonly [oid: number, byte: number])[] = [
  [1, 0],
  [2, 1],
  [3, 6],
  [8, 7],
];

function statesComponent(der: Uint8Array, oid: number, svn: number): boolean {
  const value = svn < 0x80 ? `0201${toHex(Uint8Array.of(svn))}` : `020200${toHex(Uint8Array.of(svn))}`;
  const field = TCB_FIELD + toHex(Uint8Array.of(oid));
  return indexOfBytes(der, fromHex(field + value)) >= 0;
}

/** How well a certificate fits a report: the chip counts most, then each component of the reported TCB. */
function fitness(certificate: CertificatePart, report: Uint8Array, nowMs: number): number {
  const chipId = report.subarray(CHIP_ID, CHIP_ID + 64);
  // Turin certifies the first eight bytes alone.
  const chip = chipId.subarray(8).every((byte) => byte === 0) ? chipId.subarray(0, 8) : chipId;
  const hasChip = chipId.some((byte) => byte !== 0) && indexOfBytes(certificate.der, chip) >= 0;
  const matching = components.filter(([oid, byte]) =>
    statesComponent(certificate.der, oid, report[REPORTED_TCB + byte] ?? 0),
  ).length;
  const isValid = isWithin({ fromMs: certificate.notBeforeMs, untilMs: certificate.notAfterMs }, nowMs);
  return (hasChip ? 100 : 0) + 10 * matching + (isValid ? 1 : 0);
}

/** The vendor's roots that policies name: nobody needs to give them. */
function knownRoots(): CertificatePart[] {
  return vendorRoots
    .filter((root) => root.kind === 'amd')
    .flatMap((root) => readPemBlocks(root.certificatePem))
    .flatMap(({ bytes }): CertificatePart[] => {
      const certificate = outlineCertificate(bytes);
      return certificate === undefined ? [] : [{ type: 'certificate', ...certificate }];
    });
}

/** The VCEK or VLEK among certificates that fits a report best. */
export function endorsementFor(
  report: Uint8Array,
  certificates: readonly CertificatePart[],
  nowMs: number,
): CertificatePart | undefined {
  return certificates
    .filter((certificate) => certificate.commonName === `SEV-${endorsementName(report)}`)
    .sort((a, b) => fitness(b, report, nowMs) - fitness(a, report, nowMs))[0];
}

/** Which key signed, bits 2 to 4: 0 is the chip's own, 1 one that was loaded for a provider. */
function endorsementName(report: Uint8Array): 'VCEK' | 'VLEK' {
  return (((readUint(report, KEY_FLAGS, 4) ?? 0) >> 2) & 7) === 1 ? 'VLEK' : 'VCEK';
}

/** Collateral for a report out of whatever is at hand: null without its chain; an absent CRL is null. */
export function assembleSnpCollateral(
  report: Uint8Array,
  given: Pool,
): { collateral: SnpCollateral | null; missing: MissingPart[] } {
  const pool = createPool([...given.parts, ...knownRoots()], given.nowMs);
  const name = endorsementName(report);
  const endorsement = endorsementFor(report, pool.certificates, pool.nowMs);
  const issuers = endorsement === undefined ? [] : chainFrom(pool, endorsement).slice(1);
  const root = issuers.at(-1);
  const crl = root && crlOf(pool, root);
  const part = (what: string): MissingPart => ({ what, claims: [], isPublished: true, from: SOURCE });
  if (endorsement === undefined) {
    return { collateral: null, missing: [part(`the ${name} certificate of this chip at its reported TCB`)] };
  }
  if (issuers.length !== 2) {
    return { collateral: null, missing: [part(`the certificate of ${endorsement.issuerCommonName}`)] };
  }
  const collateral: SnpCollateral = {
    endorsementCertificateHex: toHex(endorsement.der),
    issuerChainPem: toCertificatePem(issuers.map((issuer) => issuer.der)),
    crlHex: crl ? toHex(crl.der) : null,
  };
  return { collateral, missing: crl ? [] : [part(`the CRL of ${root?.commonName}`)] };
}
