import { Fields, isDcmlError, parseJson } from '@dcml/core';
import { AttestError } from '../attest-error.ts';
import { evidenceKinds } from '../evidence.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { impossibleKinds } from './impossible-kinds.ts';
import {
  parseAmdPolicy,
  parseIntelPolicy,
  parseNitroPolicy,
  parseNvidiaPolicy,
  parseTpmPolicy,
} from './parse-sections.ts';
import { type EvidencePolicy, type PlatformPolicy, type PolicyRoot, rootKinds } from './policy.ts';
import { readChoices, readHexList, readTexts, refuseMember } from './read-fields.ts';

function readRoot(fields: Fields): PolicyRoot {
  const name = fields.string('name', 200);
  const kind = fields.oneOf('kind', rootKinds);
  const certificatePem = fields.string('certificate_pem', 16_384);
  fields.done();
  const path = `${fields.path}.certificate_pem`;
  const [der] = parsePemCertificates(certificatePem, path, 1);
  if (der === undefined) refuseMember(path, 'expected one PEM certificate');
  if (!parseCertificate(der, path).isCa) refuseMember(path, 'is not the certificate of a CA');
  return { name, kind, certificatePem };
}

function readPlatforms(fields: Fields): PlatformPolicy {
  const read = (name: string): string[] =>
    readTexts(fields, name, /^[0-9a-f]{2,256}$/, 'a platform id in lowercase hex');
  const platforms = { allow: fields.required('allow') === null ? null : read('allow'), deny: read('deny') };
  fields.done();
  return platforms;
}

function assertDistinctRoots(roots: readonly PolicyRoot[]): void {
  const keys = roots.map(({ kind, certificatePem }) => `${kind} ${certificatePem.trimEnd()}`);
  const twice = keys.findIndex((key, i) => keys.indexOf(key) !== i);
  if (twice >= 0) refuseMember(`policy.roots[${twice}]`, 'is the same root again');
}

/** A policy that nothing can satisfy is a slip: it says so here, and not at the first honest host. */
function assertPossible(policy: EvidencePolicy): void {
  const impossible = impossibleKinds(policy);
  if (policy.kinds.some((kind) => !impossible.has(kind))) return;
  const [first] = impossible.entries();
  if (first === undefined) return;
  const [kind, { path, why }] = first;
  refuseMember(path, `the policy accepts nothing: for evidence of kind ${kind}, ${why}`);
}

function readPolicy(text: string): EvidencePolicy {
  const fields = new Fields(parseJson(text), 'policy');
  fields.integer('version', 1, 1);
  const kinds = readChoices(fields, 'kinds', evidenceKinds);
  const roots = fields.array('roots', 64).map((root, i) => readRoot(new Fields(root, `policy.roots[${i}]`)));
  if (kinds.length === 0) refuseMember('policy.kinds', 'a policy without a kind of evidence accepts nothing');
  if (roots.length === 0) refuseMember('policy.roots', 'a policy without a root accepts nothing');
  assertDistinctRoots(roots);
  const policy: EvidencePolicy = {
    version: 1,
    kinds,
    roots,
    platforms: readPlatforms(fields.object('platforms')),
    composeHashes: readHexList(fields, 'compose_hashes', 32),
    acceptRegisteredComposeHashes: fields.boolean('accept_registered_compose_hashes'),
    imageDigests: readHexList(fields, 'image_digests', 32),
    maxKeysetLifetimeSeconds: fields.integer('max_keyset_lifetime_seconds', 1, 10 * 365 * 24 * 3600),
    maxEvidenceAgeSeconds: fields.integer('max_evidence_age_seconds', 1, 10 * 365 * 24 * 3600),
    intel: parseIntelPolicy(fields.object('intel')),
    amd: parseAmdPolicy(fields.object('amd')),
    nvidia: parseNvidiaPolicy(fields.object('nvidia')),
    nitro: parseNitroPolicy(fields.object('nitro')),
    tpm: parseTpmPolicy(fields.object('tpm')),
  };
  fields.done();
  assertPossible(policy);
  return policy;
}

/** Parses a policy file (JSON, docs/protocol/policy.md). Throws `ATTEST_POLICY`, which names the wrong member. */
export function parsePolicy(text: string): EvidencePolicy {
  try {
    return readPolicy(text);
  } catch (cause) {
    if (!isDcmlError(cause) || cause.code === 'ATTEST_POLICY') throw cause;
    throw new AttestError('ATTEST_POLICY', cause.message, { cause, details: cause.details });
  }
}
