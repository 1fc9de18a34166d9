import {
  type Address,
  asAddress,
  canonicalJsonBytes,
  type DigestText,
  digestText,
  Fields,
  fromHex,
  type JsonObject,
  type JsonValue,
  sha256,
} from '@dcml/core';
import { ReceiptError, readAs } from './receipt-error.ts';
import { itemFields, readHex, readNullable } from './text-forms.ts';

export interface KeysetKey {
  readonly keyId: string;
  readonly algo: string;
  /** Its encoding is the algorithm's: hex for all of ours. */
  readonly publicKey: string;
}

export interface KeysetTlsKey {
  /** SHA-256 of the certificate's SPKI, lowercase hex. */
  readonly spkiSha256: string;
  /** Restricts the entry to one host name. */
  readonly domain?: string;
}

/** A workload's identity: its public keys (aci/1 section 3.1). */
export interface WorkloadKeyset {
  readonly subject: string | null;
  /** Unix seconds; the keyset is worth nothing from then on. */
  readonly notAfter: number;
  readonly receiptSigningKeys: readonly KeysetKey[];
  readonly e2eePublicKeys: readonly KeysetKey[];
  readonly tlsPublicKeys: readonly KeysetTlsKey[];
}

export const receiptKeyAlgorithm = 'ed25519';
/** Opens sealed bodies; the same text as `ehbpKeyAlgorithm` of @dcml/transport. */
export const encryptionKeyAlgorithm = 'ehbp-x25519-hkdf-sha256-aes-256-gcm';
/**
 * The enclave's chain key, as the 40 hex digits of its address. It stands among `e2ee_public_keys`: the keyset's shape
 * is fixed, that list alone takes algorithms of extensions, and verifiers skip the entries they do not know.
 */
export const chainKeyAlgorithm = 'secp256k1-evm-address';

function encodeKeys(keys: readonly KeysetKey[]): JsonObject[] {
  return keys.map(({ keyId, algo, publicKey }) => ({ key_id: keyId, algo, public_key: publicKey }));
}

export function encodeKeyset(keyset: WorkloadKeyset): JsonObject {
  return {
    subject: keyset.subject,
    not_after: keyset.notAfter,
    receipt_signing_keys: encodeKeys(keyset.receiptSigningKeys),
    e2ee_public_keys: encodeKeys(keyset.e2eePublicKeys),
    tls_public_keys: keyset.tlsPublicKeys.map(({ spkiSha256, domain }) =>
      domain === undefined ? { spki_sha256: spkiSha256 } : { spki_sha256: spkiSha256, domain },
    ),
  };
}

function readKeys(fields: Fields, name: string): KeysetKey[] {
  return fields.array(name, 64).map((item, index) => {
    const entry = itemFields(item, name, index);
    const key = {
      keyId: entry.string('key_id', 256),
      algo: entry.string('algo', 256),
      publicKey: entry.string('public_key', 8192),
    };
    entry.done();
    return key;
  });
}

function readTlsKeys(fields: Fields): KeysetTlsKey[] {
  return fields.array('tls_public_keys', 64).map((item, index) => {
    const entry = itemFields(item, 'tls_public_keys', index);
    const spkiSha256 = readHex(entry, 'spki_sha256', 32);
    const key = entry.has('domain') ? { spkiSha256, domain: entry.string('domain', 253) } : { spkiSha256 };
    entry.done();
    return key;
  });
}

/** Strict: every member known, every key id once in its list. Throws `RECEIPT_KEYSET`. */
export function parseKeyset(value: JsonValue): WorkloadKeyset {
  return readAs('RECEIPT_KEYSET', () => {
    const fields = new Fields(value, 'workload_keyset');
    const keyset: WorkloadKeyset = {
      subject: readNullable(fields, 'subject', () => fields.string('subject', 1024)),
      notAfter: fields.integer('not_after', 0, Number.MAX_SAFE_INTEGER),
      receiptSigningKeys: readKeys(fields, 'receipt_signing_keys'),
      e2eePublicKeys: readKeys(fields, 'e2ee_public_keys'),
      tlsPublicKeys: readTlsKeys(fields),
    };
    fields.done();
    for (const keys of [keyset.receiptSigningKeys, keyset.e2eePublicKeys]) {
      if (new Set(keys.map((key) => key.keyId)).size !== keys.length) {
        throw new ReceiptError('RECEIPT_KEYSET', 'workload_keyset: a key id stands twice in one list');
      }
    }
    return keyset;
  });
}

/** SHA-256 over the keyset's RFC 8785 form (aci/1 section 3.1). */
export function keysetDigest(keyset: WorkloadKeyset): DigestText {
  return digestText(sha256(canonicalJsonBytes(encodeKeyset(keyset))));
}

function only(keys: readonly KeysetKey[], algo: string): KeysetKey | null {
  const found = keys.filter((key) => key.algo === algo);
  // Two keys of one role would leave it open which one is meant.
  return found.length === 1 ? found[0]! : null;
}

/** The X25519 key (32 bytes) that requests are sealed to; null unless exactly one is listed. Throws `RECEIPT_KEYSET`. */
export function encryptionKeyOf(keyset: WorkloadKeyset): Uint8Array<ArrayBuffer> | null {
  const entry = only(keyset.e2eePublicKeys, encryptionKeyAlgorithm);
  return entry && readAs('RECEIPT_KEYSET', () => fromHex(entry.publicKey, 'encryption key', 32));
}

/** The address that signs close approvals; null unless exactly one is listed. Throws `RECEIPT_KEYSET`. */
export function chainKeyOf(keyset: WorkloadKeyset): Address | null {
  const entry = only(keyset.e2eePublicKeys, chainKeyAlgorithm);
  return (
    entry &&
    readAs('RECEIPT_KEYSET', () => {
      fromHex(entry.publicKey, 'chain key', 20);
      return asAddress(`0x${entry.publicKey}`);
    })
  );
}

/** Whether a certificate's SPKI digest is listed for the host name it was seen on (aci/1 section 3.1). */
export function listsTlsKey(keyset: WorkloadKeyset, spkiSha256: string, hostname: string): boolean {
  return keyset.tlsPublicKeys.some(
    (key) =>
      key.spkiSha256 === spkiSha256 && (key.domain === undefined || key.domain === hostname.toLowerCase()),
  );
}
