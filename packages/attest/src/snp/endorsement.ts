import { decodeUtf8 } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { AmdProduct, AmdTcb } from '../policy/amd-policy.ts';
import type { Certificate } from '../x509/certificate.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readSmallInteger } from '../x509/der-values.ts';
import { productOfName } from './product.ts';

// AMD, VCEK Certificate and KDS Interface Specification: certificate extensions.
const AMD = '1.3.6.1.4.1.3704.1';
const STRUCT_VERSION = `${AMD}.1`;
const PRODUCT_NAME = `${AMD}.2`;
const HARDWARE_ID = `${AMD}.4`;
const PROVIDER_ID = `${AMD}.5`;
const spl = (number: number): string => `${AMD}.3.${number}`;
const RESERVED_SPLS: readonly string[] = [spl(4), spl(5), spl(6), spl(7)];
const KNOWN: ReadonlySet<string> = new Set([
  STRUCT_VERSION,
  PRODUCT_NAME,
  HARDWARE_ID,
  PROVIDER_ID,
  ...Array.from({ length: 9 }, (_, i) => spl(i + 1)),
]);

const WHAT = 'endorsement certificate';
const CHIP_ID_BYTES = 64;

export type EndorsementKind = 'vcek' | 'vlek';

/** What AMD certifies about the key that signs reports. */
export interface Endorsement {
  readonly kind: EndorsementKind;
  readonly product: AmdProduct;
  /** The TCB whose versions went into the key. */
  readonly tcb: AmdTcb;
  /** The chip, as in CHIP_ID (64 bytes); VCEK only. */
  readonly chipId: Uint8Array | undefined;
  /** The provider for which the key was loaded; VLEK only. */
  readonly providerId: string | undefined;
}

function required(certificate: Certificate, oid: string, field: string): Uint8Array {
  const value = certificate.extensions.get(oid);
  if (value === undefined) throw formatError(WHAT, `${field} is missing`);
  return value;
}

function readInteger(certificate: Certificate, oid: string, field: string): number {
  const reader = new DerReader(required(certificate, oid, field), `${WHAT} ${field}`);
  const value = readSmallInteger(reader, field, 255);
  reader.end();
  return value;
}

function readText(certificate: Certificate, oid: string, field: string): string {
  const reader = new DerReader(required(certificate, oid, field), `${WHAT} ${field}`);
  const text = decodeUtf8(reader.read(derTags.ia5String, field).rest());
  reader.end();
  if (!/^[\x20-\x7e]{1,255}$/.test(text)) throw formatError(WHAT, `${field} is not printable text`);
  return text;
}

/** Older certificates have the bare bytes as the extension's value, newer ones an OCTET STRING of them. */
function readChipId(certificate: Certificate, product: AmdProduct): Uint8Array {
  const value = required(certificate, HARDWARE_ID, 'hardware id');
  const length = product === 'turin' ? 8 : CHIP_ID_BYTES;
  const isWrapped = value.length === length + 2 && value[0] === derTags.octetString && value[1] === length;
  const id = isWrapped ? value.subarray(2) : value;
  if (id.length !== length) {
    throw formatError(WHAT, `hardware id has ${id.length} bytes, expected ${length}`);
  }
  const chipId = new Uint8Array(CHIP_ID_BYTES);
  chipId.set(id);
  return chipId;
}

function readTcb(certificate: Certificate, product: AmdProduct): AmdTcb {
  for (const oid of RESERVED_SPLS) {
    const isPresent = certificate.extensions.has(oid);
    if (isPresent && readInteger(certificate, oid, 'reserved SPL') !== 0) {
      throw formatError(WHAT, `reserved SPL ${oid} is not zero`);
    }
  }
  if (product !== 'turin' && certificate.extensions.has(spl(9))) {
    throw formatError(WHAT, 'names an FMC, which the product does not have');
  }
  return {
    bootloader: readInteger(certificate, spl(1), 'blSPL'),
    tee: readInteger(certificate, spl(2), 'teeSPL'),
    snp: readInteger(certificate, spl(3), 'snpSPL'),
    microcode: readInteger(certificate, spl(8), 'ucodeSPL'),
    ...(product === 'turin' ? { fmc: readInteger(certificate, spl(9), 'fmcSPL') } : {}),
  };
}

/**
 * Reads AMD's extensions of a VCEK or VLEK certificate; which of both it is, its common name says. An extension of
 * AMD's that is not known is refused. Throws `ATTEST_FORMAT`.
 */
export function parseEndorsement(certificate: Certificate): Endorsement {
  const { commonName, extensions, publicKey } = certificate;
  const kind = commonName === 'SEV-VCEK' ? 'vcek' : commonName === 'SEV-VLEK' ? 'vlek' : undefined;
  if (kind === undefined) {
    throw formatError(WHAT, `is for ${JSON.stringify(commonName)}, not SEV-VCEK or SEV-VLEK`);
  }
  if (publicKey.type !== 'ec' || publicKey.curve !== 'P-384') throw formatError(WHAT, 'key is not on P-384');
  const strange = [...extensions.keys()].find((oid) => oid.startsWith(`${AMD}.`) && !KNOWN.has(oid));
  if (strange !== undefined) throw formatError(WHAT, `extension ${strange} is not known`);

  const productName = readText(certificate, PRODUCT_NAME, 'product name');
  const product = productOfName(productName);
  if (product === undefined) throw formatError(WHAT, `product ${productName} is not known`);
  // Version 1 is the layout with an FMC.
  const expectedVersion = product === 'turin' ? 1 : 0;
  const version = readInteger(certificate, STRUCT_VERSION, 'struct version');
  if (version !== expectedVersion) {
    throw formatError(WHAT, `struct version is ${version}, expected ${expectedVersion}`);
  }
  const forbidden = kind === 'vcek' ? PROVIDER_ID : HARDWARE_ID;
  if (extensions.has(forbidden))
    throw formatError(WHAT, `of a ${kind.toUpperCase()} has extension ${forbidden}`);
  return {
    kind,
    product,
    tcb: readTcb(certificate, product),
    chipId: kind === 'vcek' ? readChipId(certificate, product) : undefined,
    providerId: kind === 'vlek' ? readText(certificate, PROVIDER_ID, 'provider id') : undefined,
  };
}
