import { canonicalizeJson, encodeUtf8, type JsonObject, type JsonValue, sha256, toHex } from '@dcml/core';
import type { FileContents, Part, Subject } from '../part.ts';
import { eventsOf, quoteMember } from './dstack.ts';
import { readIntelCollateral } from './intel-collateral.ts';
import { objectWith } from './members.ts';

const WHAT = 'ACI report';

function readReport(report: JsonObject, more: readonly Part[]): Subject | undefined {
  const attestation = objectWith(report['attestation'], 'evidence', 'workload_keyset');
  const evidence = objectWith(attestation?.['evidence'], 'quote');
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
      quoteMember(evidence, 'quote', WHAT),
      ...(log === undefined ? [] : [{ type: 'runtime-events', events: eventsOf(log) } as const]),
      ...(typeof compose === 'string' ? [{ type: 'app-compose', text: compose } as const] : []),
      ...more,
    ],
  };
}

/** An ACI report (`aci/1`), or an archive that holds one beside its receipt. */
export function readAci(value: JsonValue): FileContents | undefined {
  const archive = objectWith(value, 'version', 'receipt', 'report');
  const report = objectWith(archive?.['report'] ?? value, 'api_version', 'attestation');
  if (report === undefined) return undefined;
  const given = archive?.['collateral'];
  const collateral = given === undefined ? undefined : readIntelCollateral(given, '');
  const subject = readReport(report, collateral?.subjects[0]?.parts ?? []);
  const description = archive === undefined ? 'ACI report' : 'evidence of a receipt archive';
  return subject && { description, subjects: [subject] };
}
