import { canonicalizeJson, encodeUtf8, type JsonObject, type JsonValue, sha256, toHex } from '@dcml/core';
import { readSnpReport } from '../binary/snp-report.ts';
import { brokenFile } from '../evidence-files-error.ts';
import type { FileContents, Part, Subject } from '../part.ts';
import { eventsOf, quoteMember } from './dstack.ts';
import { bytesMember, objectWith } from './members.ts';
import { readVendorCollateral } from './vendor-collateral.ts';

const WHAT = 'ACI report';

/** The CPU's own evidence: a quote, or the report of an SEV-SNP guest. */
function machineParts(evidence: JsonObject): Part[] {
  if (!Object.hasOwn(evidence, 'report')) return [quoteMember(evidence, 'quote', WHAT)];
  const parts = readSnpReport(bytesMember(evidence, 'report', WHAT));
  if (parts === undefined) throw brokenFile(WHAT, 'report is no SEV-SNP report');
  return parts;
}

function readReport(report: JsonObject, more: readonly Part[]): Subject | undefined {
  const attestation = objectWith(report['attestation'], 'evidence', 'workload_keyset');
  const evidence = objectWith(attestation?.['evidence']);
  const keyset = attestation?.['workload_keyset'];
  if (evidence === undefined || keyset === undefined) return undefined;
  const log = evidence['event_log'];
  const compose = evidence['app_compose'];
  return {
    label: '',
    // The digest of the keyset as it stands here: what the report says about it is not asked.
    nonceScheme: {
      type: 'aci-statement',
      keysetDigest: `sha256:${toHex(sha256(encodeUtf8(canonicalizeJson(keyset))))}`,
    },
    parts: [
      ...machineParts(evidence),
      ...(log === undefined ? [] : [{ type: 'runtime-events', events: eventsOf(log) } as const]),
      ...(typeof compose === 'string' ? [{ type: 'app-compose', text: compose } as const] : []),
      ...more,
    ],
  };
}

/** Collateral of an archive: the CPU's, alone or beside that of devices. */
function archiveCollateral(value: JsonValue | undefined): readonly Part[] {
  const machine = objectWith(value, 'kind', 'cpu');
  const cpu = machine?.['cpu'] ?? value;
  return cpu === undefined ? [] : (readVendorCollateral(cpu, '')?.subjects[0]?.parts ?? []);
}

/** An ACI report (`aci/1`), or an archive that holds one beside its receipt. */
export function readAci(value: JsonValue): FileContents | undefined {
  const archive = objectWith(value, 'version', 'receipt', 'report');
  const report = objectWith(archive?.['report'] ?? value, 'api_version', 'attestation');
  if (report === undefined) return undefined;
  const subject = readReport(report, archiveCollateral(archive?.['collateral']));
  const evidence = objectWith(objectWith(report['attestation'])?.['evidence']);
  const form = archive === undefined ? 'ACI report' : 'evidence of a receipt archive';
  // Their nonce follows from the keyset, which takes the whole report to judge.
  const devices = evidence && Object.hasOwn(evidence, 'devices') ? ', its devices not judged here' : '';
  return subject && { description: `${form}${devices}`, subjects: [subject] };
}
