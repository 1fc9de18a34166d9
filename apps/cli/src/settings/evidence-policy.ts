import { type EvidencePolicy, type PolicyRoot, tcbStatuses } from '@dcml/attest';
import { CoreError, Fields, type JsonObject, type JsonValue } from '@dcml/core';

/** The JSON form of a policy file: what a user accepts as evidence. */
export function encodeEvidencePolicy(policy: EvidencePolicy): JsonObject {
  const { minTcbEvaluationDataNumber } = policy;
  return {
    version: policy.version,
    roots: policy.roots.map(({ name, kind, certificatePem }) => ({
      name,
      kind,
      certificate_pem: certificatePem,
    })),
    allowed_tcb_statuses: policy.allowedTcbStatuses,
    allowed_advisories: policy.allowedAdvisories,
    ...(minTcbEvaluationDataNumber === undefined
      ? {}
      : { min_tcb_evaluation_data_number: minTcbEvaluationDataNumber }),
    compose_hashes: policy.composeHashes,
    accept_registered_compose_hashes: policy.acceptRegisteredComposeHashes,
    mr_tds: policy.mrTds,
    max_keyset_lifetime_seconds: policy.maxKeysetLifetimeSeconds,
  };
}

function readRoot(value: JsonValue): PolicyRoot {
  const fields = new Fields(value, 'policy.roots[]');
  const root: PolicyRoot = {
    name: fields.string('name'),
    kind: fields.oneOf('kind', ['intel']),
    certificatePem: fields.string('certificate_pem', 16_384),
  };
  fields.done();
  return root;
}

function readStrings(fields: Fields, name: string, pattern: RegExp): string[] {
  return fields.array(name, 1024).map((value) => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new CoreError(
      'CORE_FIELD',
      `${fields.path}.${name}: ${JSON.stringify(value)} does not belong there`,
    );
  });
}

function readNullable(fields: Fields, name: string, pattern: RegExp): string[] | null {
  return fields.optional(name) === null ? null : readStrings(fields, name, pattern);
}

function readStatuses(fields: Fields): EvidencePolicy['allowedTcbStatuses'] {
  const names = readStrings(fields, 'allowed_tcb_statuses', /^[A-Za-z]+$/);
  return names.map((name) => {
    const status = tcbStatuses.find((known) => known === name);
    if (status !== undefined) return status;
    throw new CoreError(
      'CORE_FIELD',
      `policy.allowed_tcb_statuses: expected one of ${tcbStatuses.join(', ')}`,
    );
  });
}

/** Strict: a member that nobody knows could have been meant to forbid something. Throws `CORE_FIELD`. */
export function parseEvidencePolicy(value: JsonValue): EvidencePolicy {
  const fields = new Fields(value, 'policy');
  const newest = 'min_tcb_evaluation_data_number';
  const policy: EvidencePolicy = {
    version: fields.integer('version', 1, 1) as 1,
    roots: fields.array('roots', 16).map(readRoot),
    allowedTcbStatuses: readStatuses(fields),
    allowedAdvisories: readStrings(fields, 'allowed_advisories', /^INTEL-[A-Z]+-[0-9]+$/),
    ...(fields.has(newest) ? { minTcbEvaluationDataNumber: fields.integer(newest, 0, 1 << 30) } : {}),
    composeHashes: readNullable(fields, 'compose_hashes', /^[0-9a-f]{64}$/),
    acceptRegisteredComposeHashes: fields.boolean('accept_registered_compose_hashes'),
    mrTds: readNullable(fields, 'mr_tds', /^[0-9a-f]{96}$/),
    maxKeysetLifetimeSeconds: fields.integer('max_keyset_lifetime_seconds', 1, 400 * 86_400),
  };
  fields.done();
  return policy;
}
