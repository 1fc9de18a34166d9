import { Fields, isDcmlError, type JsonObject, parseJson } from '@dcml/core';
import { AttestError } from './attest-error.ts';
import { type EvidencePolicy, type PolicyRoot, type TcbStatus, tcbStatuses } from './policy.ts';
import { parseCertificate } from './x509/certificate.ts';
import { parsePemCertificates } from './x509/pem.ts';

function fail(path: string, why: string): never {
  throw new AttestError('ATTEST_POLICY', `${path}: ${why}`, { details: { path } });
}

function readRoot(fields: Fields): PolicyRoot {
  const name = fields.string('name', 200);
  const kind = fields.oneOf('kind', ['intel']);
  const certificatePem = fields.string('certificate_pem', 16_384);
  fields.done();
  const [der] = parsePemCertificates(certificatePem, `${fields.path}.certificate_pem`, 1);
  if (der === undefined) fail(`${fields.path}.certificate_pem`, 'expected one PEM certificate');
  const root = parseCertificate(der, `${fields.path}.certificate_pem`);
  if (!root.isCa) fail(`${fields.path}.certificate_pem`, 'is not the certificate of a CA');
  return { name, kind, certificatePem };
}

function readTexts(fields: Fields, name: string, pattern: RegExp, expected: string): string[] {
  return fields.array(name).map((item, i) => {
    if (typeof item !== 'string' || !pattern.test(item))
      fail(`${fields.path}.${name}[${i}]`, `expected ${expected}`);
    return item;
  });
}

function readStatuses(fields: Fields): TcbStatus[] {
  return fields.array('allowed_tcb_statuses').map((item, i) => {
    const path = `${fields.path}.allowed_tcb_statuses[${i}]`;
    const status = tcbStatuses.find((known) => known === item);
    if (status === undefined) fail(path, `expected one of ${tcbStatuses.join(', ')}`);
    if (status === 'Revoked') fail(path, 'a revoked platform cannot be accepted');
    return status;
  });
}

function readHexList(fields: Fields, name: string, bytes: number): string[] | null {
  if (fields.required(name) === null) return null;
  const pattern = new RegExp(`^[0-9a-f]{${2 * bytes}}$`);
  return readTexts(fields, name, pattern, `${2 * bytes} lowercase hex digits`);
}

function readPolicy(text: string): EvidencePolicy {
  const fields = new Fields(parseJson(text), 'policy');
  fields.integer('version', 1, 1);
  const roots = fields.array('roots', 16).map((root, i) => readRoot(new Fields(root, `policy.roots[${i}]`)));
  if (roots.length === 0) fail('policy.roots', 'a policy without a root accepts nothing');
  const minimum = 'min_tcb_evaluation_data_number';
  const policy: EvidencePolicy = {
    version: 1,
    roots,
    allowedTcbStatuses: readStatuses(fields),
    allowedAdvisories: readTexts(
      fields,
      'allowed_advisories',
      /^[A-Z0-9-]{1,64}$/,
      'an id such as INTEL-SA-00837',
    ),
    ...(fields.has(minimum) ? { minTcbEvaluationDataNumber: fields.integer(minimum, 0, 1_000_000) } : {}),
    composeHashes: readHexList(fields, 'compose_hashes', 32),
    acceptRegisteredComposeHashes: fields.boolean('accept_registered_compose_hashes'),
    mrTds: readHexList(fields, 'mr_tds', 48),
    maxKeysetLifetimeSeconds: fields.integer('max_keyset_lifetime_seconds', 1, 10 * 365 * 24 * 3600),
  };
  fields.done();
  return policy;
}

/** Parses a policy file (JSON, docs/protocol/evidence.md). Throws `ATTEST_POLICY`, which names the wrong member. */
export function parsePolicy(text: string): EvidencePolicy {
  try {
    return readPolicy(text);
  } catch (cause) {
    if (!isDcmlError(cause) || cause.code === 'ATTEST_POLICY') throw cause;
    throw new AttestError('ATTEST_POLICY', cause.message, { cause, details: cause.details });
  }
}

/** The text that `parsePolicy` reads. */
export function encodePolicy(policy: EvidencePolicy): string {
  const { minTcbEvaluationDataNumber: minimum } = policy;
  const document: JsonObject = {
    version: policy.version,
    roots: policy.roots.map(({ name, kind, certificatePem }) => ({
      name,
      kind,
      certificate_pem: certificatePem,
    })),
    allowed_tcb_statuses: policy.allowedTcbStatuses,
    allowed_advisories: policy.allowedAdvisories,
    ...(minimum === undefined ? {} : { min_tcb_evaluation_data_number: minimum }),
    compose_hashes: policy.composeHashes,
    accept_registered_compose_hashes: policy.acceptRegisteredComposeHashes,
    mr_tds: policy.mrTds,
    max_keyset_lifetime_seconds: policy.maxKeysetLifetimeSeconds,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
