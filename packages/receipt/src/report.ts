import {
  type DigestText,
  Fields,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
  parseJson,
} from '@dcml/core';
import { encodeKeyset, parseKeyset, type WorkloadKeyset } from './keyset.ts';
import { readAs } from './receipt-error.ts';
import { readDigest, readHex, readNullable } from './text-forms.ts';

export const aciVersion = 'aci/1';

/** Where the program comes from. Not bound by the quote: worth what measured evidence confirms. */
export interface SourceProvenance {
  readonly repoUrl: string | null;
  readonly repoCommit: string | null;
  readonly imageDigest: DigestText | null;
  readonly imageProvenance: JsonValue;
}

/** What a service says about itself (aci/1 section 4.1). Nothing in it is true before `verifyReport`. */
export interface AttestationReport {
  readonly keysetDigest: DigestText;
  readonly teeType: string;
  readonly keyset: WorkloadKeyset;
  /** 32 bytes, lowercase hex. */
  readonly reportData: string;
  readonly sourceProvenance: SourceProvenance | null;
  readonly evidence: JsonObject;
  readonly supportedE2eeVersions: readonly string[];
  readonly serving: string;
}

/** A quote, an event log and a compose fit well within this. */
export const reportJsonLimits: JsonLimits = { maxLength: 4 << 20, maxDepth: 32 };

function encodeProvenance(provenance: SourceProvenance | null): JsonValue {
  return (
    provenance && {
      repo_url: provenance.repoUrl,
      repo_commit: provenance.repoCommit,
      image_digest: provenance.imageDigest,
      image_provenance: provenance.imageProvenance,
    }
  );
}

export function encodeReport(report: AttestationReport): JsonObject {
  return {
    api_version: aciVersion,
    workload_keyset_digest: report.keysetDigest,
    attestation: {
      tee_type: report.teeType,
      workload_keyset: encodeKeyset(report.keyset),
      report_data: report.reportData,
      source_provenance: encodeProvenance(report.sourceProvenance),
      evidence: report.evidence,
    },
    service_capabilities: {
      supported_e2ee_versions: report.supportedE2eeVersions,
      serving: report.serving,
    },
  };
}

function readProvenance(attestation: Fields): SourceProvenance | null {
  if (!attestation.has('source_provenance') || attestation.optional('source_provenance') === null)
    return null;
  const fields = attestation.object('source_provenance');
  const text = (name: string): string | null =>
    fields.has(name) ? readNullable(fields, name, () => fields.string(name)) : null;
  return {
    repoUrl: text('repo_url'),
    repoCommit: text('repo_commit'),
    imageDigest: text('image_digest') === null ? null : readDigest(fields, 'image_digest'),
    imageProvenance: fields.optional('image_provenance') ?? null,
  };
}

function readCapabilities(report: Fields): Pick<AttestationReport, 'serving' | 'supportedE2eeVersions'> {
  // Unrecognized members are ignored here (aci/1 appendix B), and an unknown mode counts as aggregator.
  const fields = report.object('service_capabilities');
  const versions = fields.array('supported_e2ee_versions', 64).map((version) => {
    if (typeof version !== 'string') throw new TypeError('supported_e2ee_versions: expected strings');
    return version;
  });
  return { supportedE2eeVersions: versions, serving: fields.string('serving', 64) };
}

/** A report from parsed JSON. Throws `RECEIPT_REPORT`, `RECEIPT_KEYSET`. */
export function reportFromJson(value: JsonValue): AttestationReport {
  return readAs('RECEIPT_REPORT', () => {
    const fields = new Fields(value, 'report');
    fields.oneOf('api_version', [aciVersion]);
    const attestation = fields.object('attestation');
    const evidence = attestation.required('evidence');
    // Only an object has members that the verifier could read.
    new Fields(evidence, 'report.attestation.evidence');
    return {
      keysetDigest: readDigest(fields, 'workload_keyset_digest'),
      teeType: attestation.string('tee_type', 64),
      keyset: parseKeyset(attestation.required('workload_keyset')),
      reportData: readHex(attestation, 'report_data', 32),
      sourceProvenance: readProvenance(attestation),
      evidence: evidence as JsonObject,
      ...readCapabilities(fields),
    };
  });
}

/** A report as served. Throws `RECEIPT_REPORT`, `RECEIPT_KEYSET`. */
export function parseReport(text: string): AttestationReport {
  return reportFromJson(readAs('RECEIPT_REPORT', () => parseJson(text, reportJsonLimits)));
}
