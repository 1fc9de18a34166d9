import { concatBytes, type JsonObject, type JsonValue, parseJson, sha256 } from '@dcml/core';
import { brokenFile } from '../evidence-files-error.ts';
import type { FileContents, NonceScheme, Part, Subject } from '../part.ts';
import { tryHex } from '../text/radix.ts';
import { composeOf, eventsOf, quoteMember } from './dstack.ts';
import { arrayOf, objectWith } from './members.ts';
import { nvidiaDevices } from './nvidia.ts';

const WHAT = 'NEAR AI attestation';
const MAX_SUBJECTS = 32;
const KEY_SLOT_BYTES = 32;

/** What stands before the nonce in the report data: the signing key, with the TLS key's digest if one is bound. */
function schemeOf(attestation: JsonObject): NonceScheme {
  const key = attestation['signing_address'];
  const fingerprint = attestation['tls_cert_fingerprint'];
  const keyBytes = typeof key === 'string' ? tryHex(key) : undefined;
  if (keyBytes === undefined || keyBytes.length > KEY_SLOT_BYTES) return { type: 'padded' };
  const tls = typeof fingerprint === 'string' ? tryHex(fingerprint) : undefined;
  if (tls !== undefined) return { type: 'key-then-nonce', head: sha256(concatBytes(keyBytes, tls)) };
  const head = new Uint8Array(KEY_SLOT_BYTES);
  head.set(keyBytes);
  return { type: 'key-then-nonce', head };
}

function gpuParts(payload: JsonValue | undefined): Part[] {
  if (payload === undefined || payload === null || payload === '') return [];
  const value =
    typeof payload === 'string' ? parseJson(payload, { maxLength: 8 << 20, maxDepth: 8 }) : payload;
  const devices = nvidiaDevices(value);
  if (devices === undefined) throw brokenFile(WHAT, 'nvidia_payload has no evidence of devices');
  return devices;
}

function composeParts(attestation: JsonObject): Part[] {
  const info = attestation['info'];
  const value = typeof info === 'string' ? objectWith(parseJson(info)) : objectWith(info);
  return composeOf(value?.['tcb_info']);
}

function readSubject(attestation: JsonObject, label: string): Subject {
  const log = attestation['event_log'];
  const events: Part[] =
    log === undefined || log === null ? [] : [{ type: 'runtime-events', events: eventsOf(log) }];
  return {
    label,
    nonceScheme: schemeOf(attestation),
    parts: [
      quoteMember(attestation, 'intel_quote', WHAT),
      ...events,
      ...composeParts(attestation),
      ...gpuParts(attestation['nvidia_payload']),
    ],
  };
}

/** Reports of NEAR AI's cloud and of private-ml: one attestation, all of a model's, or gateway and models. */
export function readNearAi(value: JsonValue): FileContents | undefined {
  const report = objectWith(value);
  if (report === undefined) return undefined;
  const gateway = objectWith(report['gateway_attestation'], 'intel_quote');
  const models = arrayOf(report['model_attestations']) ?? arrayOf(report['all_attestations']) ?? [];
  const alone = models.length === 0 ? objectWith(report, 'intel_quote') : undefined;
  if (models.length > MAX_SUBJECTS) throw brokenFile(WHAT, `has more than ${MAX_SUBJECTS} attestations`);
  const subjects: Subject[] = [
    ...(alone === undefined ? [] : [readSubject(alone, '')]),
    ...(gateway === undefined ? [] : [readSubject(gateway, 'gateway')]),
    ...models.map((model, i) => {
      const attestation = objectWith(model, 'intel_quote');
      if (attestation === undefined) throw brokenFile(WHAT, `attestation ${i} has no intel_quote`);
      return readSubject(attestation, `model ${i}`);
    }),
  ];
  return subjects.length === 0
    ? undefined
    : { description: `NEAR AI attestation of ${subjects.length} machine(s)`, subjects };
}
