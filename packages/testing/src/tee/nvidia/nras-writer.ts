import { createHash, createPublicKey } from 'node:crypto';
import { encodeUtf8, type JsonObject, toBase64, toBase64Url, toHex } from '@dcml/core';
import { type CertificateFields, toPem, writeCertificate } from '../certificate-writer.ts';
import { createSigningKey, type SigningKey, signWith } from '../signing-key.ts';

const DAY_MS = 86_400_000;
const ROOT = 'dcml SIMULATED Attestation Service CA - not hardware';

/** A simulated attestation service with a root, and a key for tokens under it. */
export interface NrasService {
  readonly key: SigningKey;
  readonly keyId: string;
  readonly rootKey: SigningKey;
  readonly rootPem: string;
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[];
  /** The key set as the service would publish it. */
  readonly jwks: string;
}

export interface NrasServiceOptions {
  readonly nowMs: number;
  readonly curve?: 'P-256' | 'P-384';
  readonly leaf?: Partial<CertificateFields>;
  /** Members of the one key of the set, in place of the usual ones; undefined leaves one out. */
  readonly jwk?: Readonly<Record<string, unknown>>;
}

/** Makes a service with new keys. */
export function createNrasService({ nowMs, curve = 'P-384', leaf, jwk }: NrasServiceOptions): NrasService {
  const rootKey = createSigningKey('ecdsa-sha384');
  const key = createSigningKey(curve === 'P-384' ? 'ecdsa-sha384' : 'ecdsa-sha256');
  const validity = { notBeforeMs: nowMs - 30 * DAY_MS, notAfterMs: nowMs + 365 * DAY_MS };
  const root = writeCertificate(
    { serial: Uint8Array.of(1), subject: ROOT, issuer: ROOT, pathLength: 1, ...validity },
    rootKey,
    rootKey,
  );
  const certificate = writeCertificate(
    { serial: Uint8Array.of(2), subject: 'dcml SIMULATED token key', issuer: ROOT, ...validity, ...leaf },
    key,
    rootKey,
  );
  const keyId = 'simulated-key-1';
  const point = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }).export({
    format: 'jwk',
  });
  const member = {
    ...point,
    kid: keyId,
    use: 'sig',
    alg: curve === 'P-384' ? 'ES384' : 'ES256',
    x5c: [toBase64(certificate), toBase64(root)],
    ...jwk,
  };
  return {
    key,
    keyId,
    rootKey,
    rootPem: toPem(root),
    chain: [certificate, root],
    jwks: JSON.stringify({ keys: [member] }),
  };
}

/** A compact JWS; `header` replaces members of the usual one. */
export function signToken(
  service: Pick<NrasService, 'key' | 'keyId'>,
  payload: string,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const alg = service.key.algorithm === 'ecdsa-sha384' ? 'ES384' : 'ES256';
  const head = toBase64Url(encodeUtf8(JSON.stringify({ alg, kid: service.keyId, ...header })));
  const signed = `${head}.${toBase64Url(encodeUtf8(payload))}`;
  return `${signed}.${toBase64Url(signWith(service.key, encodeUtf8(signed), 'raw'))}`;
}

export interface NrasTokenFields {
  readonly nonce: Uint8Array;
  readonly nowMs: number;
  /** By name (`GPU-0`, `SWITCH-0` …): members in place of the usual ones. */
  readonly devices: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Members of the token about all devices in place of the usual ones. */
  readonly overall?: Readonly<Record<string, unknown>>;
}

const certificateClaims = {
  'x-nvidia-cert-status': 'valid',
  'x-nvidia-cert-ocsp-status': 'good',
  'x-nvidia-cert-expiration-date': '9999-12-31T23:59:59Z',
  'x-nvidia-cert-revocation-reason': null,
};

function deviceClaims(name: string, ueid: number): JsonObject {
  const kind = name.startsWith('GPU') ? 'gpu' : 'switch';
  const common = {
    secboot: true,
    dbgstat: 'disabled',
    measres: 'success',
    hwmodel: kind === 'gpu' ? 'GH100 A01 GSP BROM' : 'LS_10 A01 FSP BROM',
    ueid: String(4_000_000_000 + ueid),
    'x-nvidia-attestation-warning': null,
    [`x-nvidia-${kind}-arch-check`]: true,
    [`x-nvidia-${kind}-attestation-report-nonce-match`]: true,
    [`x-nvidia-${kind}-attestation-report-cert-chain`]: certificateClaims,
  };
  return kind === 'gpu'
    ? { ...common, 'x-nvidia-gpu-driver-version': '590.12', 'x-nvidia-gpu-vbios-version': '96.00.A5.00.01' }
    : { ...common, 'x-nvidia-switch-bios-version': '96.10.55.00.01' };
}

/** The detached bundle that the service answers, signed; the claims are those of claims version 3. */
export function writeNrasBundle(service: NrasService, fields: NrasTokenFields): string {
  const seconds = Math.floor(fields.nowMs / 1000);
  const shared = {
    iss: 'https://nras.attestation.nvidia.com',
    eat_nonce: toHex(fields.nonce),
    iat: seconds - 60,
    nbf: seconds - 60,
    exp: seconds + 3600,
  };
  const devices = Object.fromEntries(
    Object.entries(fields.devices).map(([name, members], i) => [
      name,
      signToken(service, JSON.stringify({ ...shared, ...deviceClaims(name, i), ...members })),
    ]),
  );
  const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
  const submods = Object.fromEntries(
    Object.entries(devices).map(([name, token]) => [name, ['DIGEST', ['SHA-256', digest(token)]]]),
  );
  const overall = {
    sub: 'NVIDIA-PLATFORM-ATTESTATION',
    'x-nvidia-ver': '3.0',
    'x-nvidia-overall-att-result': true,
    submods,
    ...shared,
    ...fields.overall,
  };
  return JSON.stringify([['JWT', signToken(service, JSON.stringify(overall))], devices]);
}
