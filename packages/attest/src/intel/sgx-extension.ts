import { toHex } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { Certificate } from '../x509/certificate.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readOid, readSmallInteger } from '../x509/der-values.ts';

const SGX_OID = '1.2.840.113741.1.13.1';

/** What Intel certifies about the platform of a PCK certificate. Byte strings as lowercase hex. */
export interface PckIdentity {
  /** Names the processor package. */
  readonly ppid: string;
  /** 16 component SVNs. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  readonly pceId: string;
  readonly fmspc: string;
}

/** Reads a list of (OID, value) pairs under `prefix` into readers by suffix. */
function readPairs(list: DerReader, prefix: string): Map<string, DerReader> {
  const pairs = new Map<string, DerReader>();
  while (!list.isEmpty) {
    const start = list.offset;
    const pair = list.read(derTags.sequence, 'SGX field');
    const oid = readOid(pair, 'SGX field id');
    if (!oid.startsWith(`${prefix}.`)) list.fail(`unexpected SGX field ${oid}`, start);
    const suffix = oid.slice(prefix.length + 1);
    if (pairs.has(suffix)) list.fail(`SGX field ${oid} comes twice`, start);
    pairs.set(suffix, pair);
  }
  return pairs;
}

function required(pairs: ReadonlyMap<string, DerReader>, suffix: string, field: string): DerReader {
  const reader = pairs.get(suffix);
  if (reader === undefined) throw formatError('SGX extension', `${field} is missing`);
  return reader;
}

function readOctets(reader: DerReader, field: string, length: number): Uint8Array {
  const bytes = reader.read(derTags.octetString, field).rest();
  if (bytes.length !== length) reader.fail(`${field} has ${bytes.length} bytes, expected ${length}`);
  reader.end();
  return bytes;
}

function readInteger(reader: DerReader, field: string, max: number): number {
  const value = readSmallInteger(reader, field, max);
  reader.end();
  return value;
}

/**
 * The SGX extension of a PCK certificate (Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5).
 * Throws `ATTEST_FORMAT`.
 */
export function parsePckIdentity(certificate: Certificate): PckIdentity {
  const value = certificate.extensions.get(SGX_OID);
  if (value === undefined) throw formatError('PCK certificate', 'has no SGX extension');
  const document = new DerReader(value, 'SGX extension');
  const fields = readPairs(document.read(derTags.sequence, 'SGX extension'), SGX_OID);
  document.end();
  const tcbField = required(fields, '2', 'TCB');
  const tcb = readPairs(tcbField.read(derTags.sequence, 'TCB'), `${SGX_OID}.2`);
  tcbField.end();
  return {
    ppid: toHex(readOctets(required(fields, '1', 'PPID'), 'PPID', 16)),
    components: Array.from({ length: 16 }, (_, i) => {
      const field = `TCB component ${i + 1}`;
      return readInteger(required(tcb, String(i + 1), field), field, 255);
    }),
    pceSvn: readInteger(required(tcb, '17', 'PCESVN'), 'PCESVN', 65_535),
    pceId: toHex(readOctets(required(fields, '3', 'PCEID'), 'PCEID', 2)),
    fmspc: toHex(readOctets(required(fields, '4', 'FMSPC'), 'FMSPC', 6)),
  };
}
