import { concatBytes, Fields, fromBase64, fromBase64Url, type JsonValue, parseJson } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { type Curve, ecPublicKey, type PublicKey, scalarBytes } from '../x509/public-key.ts';
import type { JwsAlgorithm } from './jws.ts';

/** A key of a set that signs tokens. */
export interface JsonWebKey {
  readonly keyId: string;
  readonly algorithm: JwsAlgorithm;
  readonly publicKey: PublicKey;
  /** DER of the certificates that say whose key it is, leaf first; none is believed for being here. */
  readonly certificates: readonly Uint8Array[];
}

const MAX_KEYS = 64;
const MAX_CERTIFICATES = 4;
const curves: Readonly<Record<Curve, JwsAlgorithm>> = { 'P-256': 'ES256', 'P-384': 'ES384' };

function readCoordinate(fields: Fields, name: string, curve: Curve): Uint8Array {
  const bytes = fromBase64Url(fields.string(name, 256), `${fields.path}.${name}`);
  if (bytes.length !== scalarBytes[curve])
    throw formatError(fields.path, `${name} is not ${scalarBytes[curve]} bytes`);
  return bytes;
}

function readCertificates(fields: Fields): Uint8Array[] {
  if (!fields.has('x5c')) return [];
  return fields.array('x5c', MAX_CERTIFICATES).map((certificate) => {
    if (typeof certificate !== 'string' || certificate.length > 16_384) {
      throw formatError(fields.path, 'x5c holds something else than certificates');
    }
    return fromBase64(certificate, `${fields.path}.x5c`);
  });
}

function readKey(value: JsonValue, path: string): JsonWebKey[] {
  const fields = new Fields(value, path);
  // A set may hold keys for other purposes and of other types: they sign none of these tokens.
  if (fields.string('kty', 32) !== 'EC') return [];
  if (fields.has('use') && fields.string('use', 32) !== 'sig') return [];
  if (fields.has('d')) throw formatError(path, 'is a private key');
  const curve = fields.oneOf('crv', ['P-256', 'P-384']);
  const algorithm = curves[curve];
  if (fields.has('alg') && fields.string('alg', 32) !== algorithm) {
    throw formatError(path, `alg is not ${algorithm}, which a key on ${curve} signs with`);
  }
  const coordinates = concatBytes(readCoordinate(fields, 'x', curve), readCoordinate(fields, 'y', curve));
  const keyId = fields.string('kid', 256);
  const publicKey = ecPublicKey(curve, coordinates);
  return [{ keyId, algorithm, publicKey, certificates: readCertificates(fields) }];
}

/**
 * Reads the signing keys of a JSON Web Key Set (RFC 7517): ECDSA on P-256 or P-384, each with its own id. Throws
 * `ATTEST_FORMAT` or `CORE_*`.
 */
export function parseJwks(text: string): JsonWebKey[] {
  const keys = new Fields(parseJson(text), 'key set')
    .array('keys', MAX_KEYS)
    .flatMap((key, i) => readKey(key, `key set.keys[${i}]`));
  const ids = new Set(keys.map(({ keyId }) => keyId));
  if (ids.size !== keys.length) throw formatError('key set', 'has two keys with one id');
  return keys;
}
