import { encodeUtf8, Fields, fromHex, type JsonObject, parseJson, sha256, toHex } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { type Jws, parseJws } from '../jose/jws.ts';

const MAX_DEVICES = 128;
const NONCE_BYTES = 32;
const DEVICE_NAME = /^(GPU|SWITCH)-\d{1,3}$/;

/** What every token of the service says. Times in milliseconds since 1970. */
export interface TokenClaims {
  readonly issuer: string;
  readonly nonce: Uint8Array;
  readonly issuedAtMs: number;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
}

/** The token about one device. */
export interface DeviceToken {
  /** `GPU-0`, `SWITCH-3` … */
  readonly name: string;
  readonly role: 'gpu' | 'switch';
  readonly jws: Jws;
  readonly claims: TokenClaims;
  /** All claims, for the judgement. */
  readonly members: JsonObject;
  /** SHA-256 of the token's text, in hex: what the token about all devices signs. */
  readonly digest: string;
}

/** An answer of the service, read and not yet believed. */
export interface NrasAnswer {
  readonly jws: Jws;
  readonly claims: TokenClaims;
  readonly overallResult: boolean;
  /** Digests that the token signs, by device; undefined if it names no devices. */
  readonly digests: ReadonlyMap<string, string> | undefined;
  /** Undefined for a single token without the devices' own. */
  readonly devices: readonly DeviceToken[] | undefined;
}

function readSeconds(fields: Fields, name: string): number {
  return fields.integer(name, 0, 253_402_300_799) * 1000;
}

function readClaims(fields: Fields): TokenClaims {
  const issuedAtMs = readSeconds(fields, 'iat');
  return {
    issuer: fields.string('iss', 256),
    nonce: fromHex(fields.string('eat_nonce', 2 * NONCE_BYTES), `${fields.path}.eat_nonce`, NONCE_BYTES),
    issuedAtMs,
    notBeforeMs: fields.has('nbf') ? readSeconds(fields, 'nbf') : issuedAtMs,
    expiresAtMs: readSeconds(fields, 'exp'),
  };
}

/** `submods`: `{"GPU-0": ["DIGEST", ["SHA-256", "<hex>"]]}` (RFC 9711 section 4.2.18). */
function readDigests(fields: Fields): Map<string, string> | undefined {
  if (!fields.has('submods')) return undefined;
  const submods = fields.object('submods');
  if (submods.names.length > MAX_DEVICES) throw formatError(submods.path, `more than ${MAX_DEVICES} devices`);
  return new Map(
    submods.names.map((name) => {
      const [kind, digest, ...rest] = submods.array(name, 2);
      const [algorithm, hex, ...more] = Array.isArray(digest) ? digest : [];
      const isDigest = kind === 'DIGEST' && algorithm === 'SHA-256' && rest.length + more.length === 0;
      if (!isDigest || typeof hex !== 'string' || !/^[0-9a-f]{64}$/.test(hex)) {
        throw formatError(submods.path, `${name} is no SHA-256 digest`);
      }
      return [name, hex];
    }),
  );
}

function readDevice(name: string, token: string): DeviceToken {
  const role = DEVICE_NAME.exec(name)?.[1];
  if (role === undefined) throw formatError('token', `${JSON.stringify(name)} names no device`);
  const jws = parseJws(token, name);
  const members = parseJson(jws.payload);
  const claims = readClaims(new Fields(members, name));
  const digest = toHex(sha256(encodeUtf8(token)));
  return {
    name,
    role: role === 'GPU' ? 'gpu' : 'switch',
    jws,
    claims,
    members: members as JsonObject,
    digest,
  };
}

/** The one token of an answer that is no bundle, or both parts of a detached bundle. */
function splitAnswer(text: string): { readonly overall: string; readonly devices: Fields | undefined } {
  if (!text.trimStart().startsWith('[')) return { overall: text.trim(), devices: undefined };
  const bundle = parseJson(text);
  const [overall, devices, ...rest] = Array.isArray(bundle) ? bundle : [];
  const [type, token, ...more] = Array.isArray(overall) ? overall : [];
  if (type !== 'JWT' || typeof token !== 'string' || rest.length + more.length > 0) {
    throw formatError('token', 'is no detached bundle [["JWT", token], {device: token}]');
  }
  return { overall: token, devices: new Fields(devices, 'devices') };
}

/**
 * Reads what NVIDIA's remote attestation service answers: one token, or the detached bundle of a token about all devices
 * and one token about each (claims version 3). Throws `ATTEST_FORMAT` or `CORE_*`.
 */
export function parseNrasAnswer(text: string): NrasAnswer {
  const { overall, devices } = splitAnswer(text);
  const jws = parseJws(overall, 'token');
  const fields = new Fields(parseJson(jws.payload), 'token');
  if (devices !== undefined && devices.names.length > MAX_DEVICES) {
    throw formatError('token', `more than ${MAX_DEVICES} devices`);
  }
  return {
    jws,
    claims: readClaims(fields),
    overallResult: fields.boolean('x-nvidia-overall-att-result'),
    digests: readDigests(fields),
    devices: devices?.names.map((name) => readDevice(name, devices.string(name, 65_536))),
  };
}
