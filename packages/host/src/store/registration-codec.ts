import { asAddress, asModelHash, Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { EnclaveRegistration } from './host-store.ts';

export function encodeRegistration(registration: EnclaveRegistration): JsonObject {
  return {
    tls_spki_sha256: registration.tlsSpkiSha256,
    keyset_digest: registration.keysetDigest,
    enclave_key: registration.enclaveKey,
    models: registration.models,
    boot_id: registration.bootId,
    registered_at: registration.registeredAt,
  };
}

/** What an enclave says of itself at the ledger port. Throws `CORE_FIELD` or `CORE_ENCODING`. */
export function decodeRegistrationRequest(value: JsonValue, registeredAt: number): EnclaveRegistration {
  const fields = new Fields(value, 'register');
  const registration = readRegistration(fields, registeredAt);
  fields.done();
  return registration;
}

export function decodeRegistration(value: JsonValue): EnclaveRegistration {
  const fields = new Fields(value, 'registration');
  const registration = readRegistration(fields, fields.integer('registered_at', 0, Number.MAX_SAFE_INTEGER));
  fields.done();
  return registration;
}

function readRegistration(fields: Fields, registeredAt: number): EnclaveRegistration {
  return {
    tlsSpkiSha256: fields.string('tls_spki_sha256', 64),
    keysetDigest: fields.string('keyset_digest', 80),
    enclaveKey: asAddress(fields.string('enclave_key', 42)),
    models: fields.array('models', 64).map((model) => asModelHash(typeof model === 'string' ? model : '')),
    bootId: fields.string('boot_id', 128),
    registeredAt,
  };
}
