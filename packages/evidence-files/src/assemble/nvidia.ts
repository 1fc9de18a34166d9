import {
  type NvidiaDeviceEvidence,
  type NvidiaEvidence,
  parseSpdmReport,
  readDeviceFacts,
} from '@dcml/attest';
import { fromHex, isDcmlError } from '@dcml/core';
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

/** Versions of driver and VBIOS that a report states; empty if it cannot be read. */
function versionsOf({ report, role }: NvidiaDeviceEvidence): string[] {
  try {
    const { driverVersion, vbiosVersion } = readDeviceFacts(role, parseSpdmReport(report).opaque);
    return [driverVersion, vbiosVersion].filter((version) => version !== undefined);
  } catch (error) {
    if (isDcmlError(error)) return [];
    throw error;
  }
}

/** Manifests for one of the devices' versions: a collection of hundreds may be given. */
function rimsFor(devices: readonly NvidiaDeviceEvidence[], pool: Pool): string[] {
  const quoted = devices.flatMap(versionsOf).map((version) => `"${version.toLowerCase()}"`);
  return partsOf(pool.parts, 'rim')
    .map(({ xml }) => xml)
    .filter((xml) => {
      const lower = xml.toLowerCase();
      return quoted.some((version) => lower.includes(version));
    });
}

const missingChain: MissingPart = {
  what: "the device's certificate chain (PEM)",
  claims: [],
  isPublished: false,
  from: 'the same source as the report',
};
const missingRims: MissingPart = {
  what: 'reference manifests (RIM) of driver and VBIOS',
  claims: ['rims_authentic'],
  isPublished: true,
  from: "NVIDIA's RIM service",
};
const missingResponses: MissingPart = {
  what: 'OCSP responses for the device certificates',
  claims: ['device_not_revoked'],
  isPublished: true,
  from: "NVIDIA's OCSP service",
};

/** Devices with the manifests and OCSP responses at hand; null without a certificate chain for each. */
export function assembleNvidia(pool: Pool): { evidence: NvidiaEvidence | null; missing: MissingPart[] } {
  const devices = partsOf(pool.parts, 'nvidia-device').map((part) => assembleDevice(part, pool));
  if (devices.some((device) => device.certificateChainPem === '')) {
    return { evidence: null, missing: [missingChain] };
  }
  const rims = rimsFor(devices, pool).map((xml) => ({
    xml,
    ocspResponses: responsesFor(rimCertificates(xml), pool),
  }));
  const hasResponses = devices.every((device) => device.ocspResponses.length > 0);
  const missing = [...(rims.length > 0 ? [] : [missingRims]), ...(hasResponses ? [] : [missingResponses])];
  return { evidence: { kind: 'nvidia', devices, rims }, missing };
}
