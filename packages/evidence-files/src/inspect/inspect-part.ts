import { parseSgxQuote, parseSnpReport, parseTdxQuote } from '@dcml/attest';
import { isDcmlError, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { quoteCertificates } from '../assemble/intel.ts';
import { HCL_HEADER_BYTES, HCL_REPORT_BYTES } from '../binary/azure-report.ts';
import { readUint } from '../binary/little-endian.ts';
import { type CertificateOutline, outlineCertificate } from '../der/outline.ts';
import type { Part, PartOf } from '../part.ts';
import { plainValue } from './plain-value.ts';

/** Before the runtime data in an HCL report: size, version, report type, hash type, length. */
const RUNTIME_HEADER_BYTES = 20;

/** A strict parser's result, or why it refuses the bytes: people inspect what is refused, too. */
function tryParse(parse: () => unknown): JsonObject {
  try {
    return { fields: plainValue(parse()) };
  } catch (error) {
    if (isDcmlError(error)) return { unreadable: error.message };
    throw error;
  }
}

function timeText(ms: number): JsonValue {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}

function describeCertificate(certificate: CertificateOutline): JsonObject {
  return {
    subject: certificate.commonName,
    issuer: certificate.issuerCommonName,
    serial: certificate.serial,
    not_before: timeText(certificate.notBeforeMs),
    not_after: timeText(certificate.notAfterMs),
    der: plainValue(certificate.der),
  };
}

function describeQuote(part: PartOf<'intel-quote'>): JsonObject {
  return {
    tee: part.tee,
    version: part.version,
    bytes: part.quote.length,
    ...tryParse(() => {
      // The chain is shown below, one certificate at a time.
      const { pckChainPem: _, ...quote } =
        part.tee === 'tdx' ? parseTdxQuote(part.quote) : parseSgxQuote(part.quote);
      return quote;
    }),
    certificates: quoteCertificates(part.quote).map(describeCertificate),
  };
}

function describeHcl({ hardware, report }: PartOf<'hcl-report'>): JsonObject {
  const hardwareReport = report.subarray(HCL_HEADER_BYTES, HCL_HEADER_BYTES + HCL_REPORT_BYTES);
  const runtimeAt = HCL_HEADER_BYTES + HCL_REPORT_BYTES;
  const length = readUint(report, runtimeAt + 16, 4) ?? 0;
  const start = runtimeAt + RUNTIME_HEADER_BYTES;
  const runtime = new TextDecoder().decode(report.subarray(start, start + length));
  return {
    hardware,
    bytes: report.length,
    report: hardware === 'snp' ? tryParse(() => parseSnpReport(hardwareReport)) : plainValue(hardwareReport),
    runtime_data: tryParse(() => parseJson(runtime)),
  };
}

function describeDocument(text: string, signatureHex: string): JsonObject {
  return { signature: signatureHex, ...tryParse(() => parseJson(text)) };
}

/** Every field of a part that is known, as JSON. Nothing of it is verified. */
export function inspectPart(part: Part): JsonObject {
  switch (part.type) {
    case 'intel-quote':
      return { type: part.type, ...describeQuote(part) };
    case 'snp-report':
      return { type: part.type, ...tryParse(() => parseSnpReport(part.report)) };
    case 'hcl-report':
      return { type: part.type, ...describeHcl(part) };
    case 'certificate':
      return { type: part.type, ...describeCertificate(part) };
    case 'crl':
      return {
        type: part.type,
        issuer: part.issuerCommonName,
        this_update: timeText(part.thisUpdateMs),
        next_update: timeText(part.nextUpdateMs),
        revoked: part.revokedCount,
        der: plainValue(part.der),
      };
    case 'tcb-info':
    case 'qe-identity':
      return { type: part.type, ...describeDocument(part.text, part.signatureHex) };
    case 'nvidia-device':
      return {
        type: part.type,
        role: part.role,
        report: plainValue(part.report),
        certificates: part.chain.flatMap((der) => outlineCertificate(der) ?? []).map(describeCertificate),
      };
    default: {
      const { type, ...content } = part;
      return { type, fields: plainValue(content) };
    }
  }
}
