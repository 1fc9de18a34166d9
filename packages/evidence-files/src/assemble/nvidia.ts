import type { NvidiaDeviceEvidence, NvidiaEvidence } from '@dcml/attest';
import { fromHex } from '@dcml/core';
import { indexOfBytes } from '../binary/little-endian.ts';
import { outlineCertificate } from '../der/outline.ts';
import { type PartOf, partsOf } from '../part.ts';
import { readPemBlocks, toCertificatePem } from '../text/pem.ts';
import type { MissingPart } from './missing-part.ts';
import { chainFrom, isSelfIssued, type Pool } from './pool.ts';

const SWITCH = /LS[_-]?10|SWITCH/i;

/** OCSP responses that name a certificate of the chain by its serial number. */
function responsesFor(chain: readonly Uint8Array[], pool: Pool): Uint8Array[] {
  const serials = chain
    .flatMap((der) => outlineCertificate(der)?.serial ?? [])
    .map((serial) => fromHex(serial));
  return partsOf(pool.parts, 'ocsp-response')
    .map((response) => response.der)
    .filter((der) => serials.some((serial) => indexOfBytes(der, serial) >= 0));
}

/** The one chain of a device among the certificates at hand; none if there are several. */
function chainInPool(pool: Pool): Uint8Array[] {
  const leaves = pool.certificates.filter(
    (certificate) =>
      !isSelfIssued(certificate) &&
      !pool.certificates.some((other) => other.issuer === certificate.subject && other !== certificate),
  );
  const [leaf] = leaves;
  return leaf !== undefined && leaves.length === 1 ? chainFrom(pool, leaf).map(({ der }) => der) : [];
}

function assembleDevice(part: PartOf<'nvidia-device'>, pool: Pool): NvidiaDeviceEvidence {
  const chain = part.chain.length > 0 ? part.chain : chainInPool(pool);
  const isSwitch = chain.some((der) => SWITCH.test(outlineCertificate(der)?.commonName ?? ''));
  return {
    role: isSwitch ? 'switch' : part.role,
    report: part.report,
    certificateChainPem: toCertificatePem(chain),
    ocspResponses: responsesFor(chain, pool),
  };
}

function rimCertificates(xml: string): Uint8Array[] {
  const values = xml.match(/<(?:\w+:)?X509Certificate>[^<]*/g) ?? [];
  return values.flatMap((value) => {
    const body = value.slice(value.indexOf('>') + 1);
    return readPemBlocks(`-----BEGIN CERTIFICATE-----${body}-----END CERTIFICATE-----`).map(
      ({ bytes }) => bytes,
    );
  });
}

/** Devices with the manifests and OCSP responses at hand. */
export function assembleNvidia(pool: Pool): { evidence: NvidiaEvidence; missing: MissingPart[] } {
  const devices = partsOf(pool.parts, 'nvidia-device').map((part) => assembleDevice(part, pool));
  const rims = partsOf(pool.parts, 'rim').map(({ xml }) => ({
    xml,
    ocspResponses: responsesFor(rimCertificates(xml), pool),
  }));
  const hasChains = devices.every((device) => device.certificateChainPem !== '');
  const hasResponses = devices.every((device) => device.ocspResponses.length > 0);
  const missing: MissingPart[] = [
    ...(hasChains
      ? []
      : [
          {
            what: "the device's certificate chain (PEM)",
            claims: ['report_format', 'device_chain', 'trusted_root'],
            isPublished: false,
            from: 'the same source as the report',
          },
        ]),
    ...(rims.length > 0
      ? []
      : [
          {
            what: 'reference manifests (RIM) of driver and VBIOS',
            claims: ['rims_authentic'],
            isPublished: true,
            from: "NVIDIA's RIM service",
          },
        ]),
    ...(hasResponses
      ? []
      : [
          {
            what: 'OCSP responses for the device certificates',
            claims: ['device_not_revoked'],
            isPublished: true,
            from: "NVIDIA's OCSP service",
          },
        ]),
  ];
  return { evidence: { kind: 'nvidia', devices, rims }, missing };
}
