import { decodeUtf8, Fields, fromBase64Url, type JsonValue, parseJson } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { rsaPublicKey } from '../tpm/rsa-public-key.ts';
import type { PublicKey } from '../x509/public-key.ts';

const AK_NAME = 'HCLAkPub';

/** A member of `vm-configuration`, as the paravisor reports it. */
export type VmSetting = boolean | number | string | null;

/** What the paravisor says about the virtual machine that it runs. */
export interface RuntimeClaims {
  /** The attestation key of the vTPM. */
  readonly attestationKey: PublicKey;
  /** `secure-boot`, `tpm-enabled`, `console-enabled`, `vmUniqueId` and whatever else it reports. */
  readonly vmConfiguration: Readonly<Record<string, VmSetting>>;
  /** 64 bytes as hex that the guest wrote for the report; null without them. */
  readonly userData: string | null;
}

function readAttestationKey(item: JsonValue, path: string): PublicKey | undefined {
  const key = new Fields(item, path);
  if (key.string('kid', 64) !== AK_NAME) return undefined;
  key.oneOf('kty', ['RSA']);
  key.oneOf('e', ['AQAB']);
  const operations = key.array('key_ops', 8);
  if (operations.length !== 1 || operations[0] !== 'sign')
    throw formatError(path, 'is not a key for signatures only');
  const modulus = fromBase64Url(key.string('n', 1024), `${path}.n`);
  if ((modulus[0] ?? 0) < 0x80) throw formatError(path, 'modulus has leading zeros');
  return rsaPublicKey(modulus);
}

function readSettings(fields: Fields): Record<string, VmSetting> {
  if (fields.names.length > 64) throw formatError(fields.path, 'has more than 64 members');
  return Object.fromEntries(
    fields.names.map((name): [string, VmSetting] => {
      const value = fields.required(name);
      if (typeof value === 'object' && value !== null)
        throw formatError(fields.path, `${name} is no plain value`);
      return [name, value];
    }),
  );
}

/**
 * Reads the JSON of the runtime data. Members that Microsoft may add are skipped: the text is believed for its hash.
 * Exactly one key is `HCLAkPub`. Throws `ATTEST_FORMAT` or `CORE_*`.
 */
export function parseRuntimeClaims(runtimeData: Uint8Array): RuntimeClaims {
  const fields = new Fields(parseJson(decodeUtf8(runtimeData)), 'runtime data');
  const keys = fields
    .array('keys', 16)
    .map((item, i) => readAttestationKey(item, `runtime data.keys[${i}]`))
    .filter((key) => key !== undefined);
  const [attestationKey] = keys;
  if (attestationKey === undefined || keys.length > 1) {
    throw formatError('runtime data', `has ${keys.length} keys ${AK_NAME}, expected one`);
  }
  const userData = fields.has('user-data') ? fields.string('user-data', 128).toLowerCase() : null;
  if (userData !== null && !/^(?:[0-9a-f]{2}){0,64}$/.test(userData)) {
    throw formatError('runtime data', 'user-data is not hex of at most 64 bytes');
  }
  return { attestationKey, vmConfiguration: readSettings(fields.object('vm-configuration')), userData };
}
