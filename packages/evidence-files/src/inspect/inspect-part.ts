import {
  parseHclReport,
  parseNitroDocument,
  parseNrasAnswer,
  parseSgxQuote,
  parseSnpReport,
  parseSpdmReport,
  parseTdxQuote,
  parseTpmAttest,
  parseTpmSignature,
  readDeviceFacts,
} from '@dcml/attest';
import { isDcmlError, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { quoteCertificates } from '../assemble/intel.ts';
import { hclHardwareReport } from '../binary/azure-report.ts';
import { type CertificateOutline, outlineCertificate } from '../der/outline.ts';
import type { Part, PartOf } from '../part.ts';
import { plainValue } from './plain-value.ts';

/** A strict parser's result, or why it refuses the bytes: people inspect what is refused, too. */
function tryParse(parse: () => unknown): JsonObject {
  return tryFields(() => plainValue(parse()));
}

function tryFields(read: () => JsonValue): JsonObject {
  try {
    return { fields: read() };
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
  const { report: hardwareReport, runtime } = splitHclReport(report, hardware);
  return {
    hardware,
    bytes: report.length,
    report:
      hardware === 'snp'
        ? tryParse(() => parseSnpReport(hardwareReport))
        : { fields: plainValue(hardwareReport) },
    runtime_data: tryFields(() => parseJson(new TextDecoder().decode(runtime()))),
  };
}

/** The hardware report at its place, and the runtime data if a strict reader finds it. */
function splitHclReport(
  report: Uint8Array,
  hardware: 'snp' | 'tdx',
): { report: Uint8Array; runtime: () => Uint8Array } {
  return { report: hclHardwareReport(report), runtime: () => parseHclReport(report, hardware).runtimeData };
}

function describeDevice(part: PartOf<'nvidia-device'>): JsonObject {
  return {
    role: part.role,
    bytes: part.report.length,
    ...tryParse(() => {
      const report = parseSpdmReport(part.report);
      return { ...report, facts: tryParse(() => readDeviceFacts(part.role, report.opaque)) };
    }),
    certificates: part.chain.flatMap((der) => outlineCertificate(der) ?? []).map(describeCertificate),
  };
}

function describeTpmQuote({ quote }: PartOf<'tpm-quote'>): JsonObject {
  return {
    message: tryParse(() => parseTpmAttest(quote.message)),
    signature: tryParse(() => parseTpmSignature(quote.signature)),
    bank: quote.bank,
    pcrs: plainValue(quote.pcrs),
  };
}

function describeDocument(text: string, signatureHex: string): JsonObject {
  return { signature: signatureHex, ...tryFields(() => parseJson(text)) };
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
      return { type: part.type, ...describeDevice(part) };
    case 'nitro-document':
      return {
        type: part.type,
        bytes: part.document.length,
        ...tryParse(() => parseNitroDocument(part.document)),
      };
    case 'tpm-message':
      return { type: part.type, ...tryParse(() => parseTpmAttest(part.message)) };
    case 'tpm-quote':
      return { type: part.type, ...describeTpmQuote(part) };
    case 'nras-token':
      return { type: part.type, ...tryParse(() => parseNrasAnswer(part.token)) };
    case 'app-compose':
    case 'jwks':
    case 'measured-log':
    case 'ocsp-response':
    case 'rim':
    case 'runtime-events': {
      const { type, ...content } = part;
      return { type, fields: plainValue(content) };
    }
  }
}
