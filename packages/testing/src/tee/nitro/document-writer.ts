import { concatBytes, fromHex } from '@dcml/core';
import { signWith } from '../signing-key.ts';
import { cborArray, cborBytes, cborHead, cborMap, cborNull, cborText, cborUnsigned } from './cbor-writer.ts';
import type { NitroVendor } from './nitro-vendor.ts';

export interface NitroDocumentFields {
  readonly moduleId?: string;
  readonly timestampMs: number;
  /** By PCR number; what is not named is 48 zero bytes, up to PCR15. */
  readonly pcrs: Readonly<Record<number, Uint8Array>>;
  readonly userData?: Uint8Array;
  readonly nonce?: Uint8Array;
  readonly publicKey?: Uint8Array;
}

/** Encoded members by name, in the order of the document; `undefined` leaves one out. */
export type NitroMembers = Readonly<Record<string, Uint8Array | undefined>>;

/** Departures from what the hypervisor writes, for tests of refusal. */
export interface NitroDeviation {
  readonly members?: NitroMembers;
  /** Entries written after the others, for example one that is already there. */
  readonly extra?: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  /** As documents of 2022 to 2024 had it. Default: indefinite, as since 2025. */
  readonly isDefinite?: boolean;
  readonly payload?: (payload: Uint8Array) => Uint8Array;
  readonly protectedHeader?: Uint8Array;
  readonly unprotectedHeader?: Uint8Array;
  readonly isTagged?: boolean;
  /** Signs with another key than that of the certificate. */
  readonly signer?: NitroVendor['keys']['enclave'];
}

const optionalBytes = (bytes: Uint8Array | undefined): Uint8Array =>
  bytes === undefined ? cborNull : cborBytes(bytes);

/** The payload's members as the hypervisor writes them. */
export function nitroMembers(fields: NitroDocumentFields, vendor: NitroVendor): NitroMembers {
  const { certificates } = vendor;
  const pcrs = Array.from({ length: 16 }, (_, index) => fields.pcrs[index] ?? new Uint8Array(48));
  return {
    module_id: cborText(fields.moduleId ?? 'i-0123456789abcdef0-enc0123456789abcdef'),
    digest: cborText('SHA384'),
    timestamp: cborUnsigned(fields.timestampMs),
    pcrs: cborMap(pcrs.map((value, index) => [cborUnsigned(index), cborBytes(value)])),
    certificate: cborBytes(certificates.enclave),
    cabundle: cborArray(
      cborBytes(certificates.root),
      cborBytes(certificates.region),
      cborBytes(certificates.zone),
      cborBytes(certificates.instance),
    ),
    public_key: optionalBytes(fields.publicKey),
    user_data: optionalBytes(fields.userData),
    nonce: optionalBytes(fields.nonce),
  };
}

/** An attestation document of the simulated hypervisor in its COSE_Sign1, laid out as AWS's are. */
export function writeNitroDocument(
  fields: NitroDocumentFields,
  vendor: NitroVendor,
  deviation: NitroDeviation = {},
): Uint8Array<ArrayBuffer> {
  const members = { ...nitroMembers(fields, vendor), ...deviation.members };
  const entries = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [[cborText(name), value] as const],
  );
  const map = cborMap([...entries, ...(deviation.extra ?? [])], deviation.isDefinite !== true);
  const payload = deviation.payload?.(map) ?? map;
  // {1: -35}, ES384.
  const header = cborBytes(deviation.protectedHeader ?? fromHex('a1013822'));
  const signed = cborArray(cborText('Signature1'), header, cborBytes(new Uint8Array(0)), cborBytes(payload));
  const signature = signWith(deviation.signer ?? vendor.keys.enclave, signed, 'raw');
  const unprotected = deviation.unprotectedHeader ?? cborMap([]);
  const cose = cborArray(header, unprotected, cborBytes(payload), cborBytes(signature));
  return deviation.isTagged === true ? concatBytes(cborHead(6, 18), cose) : cose;
}
