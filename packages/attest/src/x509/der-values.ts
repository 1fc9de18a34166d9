import { toHex } from '@dcml/core';
import { type DerReader, derTags } from './der-reader.ts';

/** Content bytes of an INTEGER in shortest form; `negative` values are refused. */
export function readUnsigned(reader: DerReader, field: string): Uint8Array {
  const content = reader.read(derTags.integer, field);
  const start = content.offset;
  const bytes = content.rest();
  const [first, second] = bytes;
  if (first === undefined) reader.fail(`${field} is empty`, start);
  if (first >= 0x80) reader.fail(`${field} is negative`, start);
  if (first === 0 && second !== undefined && second < 0x80) {
    reader.fail(`${field} is not in shortest form`, start);
  }
  return bytes;
}

/** An INTEGER from 0 to `max`, below 2^32. */
export function readSmallInteger(reader: DerReader, field: string, max: number): number {
  const start = reader.offset;
  const bytes = readUnsigned(reader, field);
  if (bytes.length > 5) reader.fail(`${field} is too large`, start);
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value > max) reader.fail(`${field} is larger than ${max}`, start);
  return value;
}

/** A serial number (RFC 5280 section 4.1.2.2) as hex of its content bytes. */
export function readSerial(reader: DerReader): string {
  const start = reader.offset;
  const bytes = readUnsigned(reader, 'serial number');
  if (bytes.length > 21) reader.fail('serial number is longer than 20 bytes', start);
  return toHex(bytes);
}

/** A BOOLEAN; DER permits 0x00 and 0xff only. */
export function readBoolean(reader: DerReader, field: string): boolean {
  const start = reader.offset;
  const bytes = reader.read(derTags.boolean, field).rest();
  if (bytes.length !== 1 || (bytes[0] !== 0 && bytes[0] !== 0xff)) {
    reader.fail(`${field} is not a DER boolean`, start);
  }
  return bytes[0] === 0xff;
}

/** A BIT STRING of whole bytes. */
export function readOctetBits(reader: DerReader, field: string): Uint8Array {
  const start = reader.offset;
  const bytes = reader.read(derTags.bitString, field).rest();
  if (bytes[0] !== 0) reader.fail(`${field} must have no unused bits`, start);
  return bytes.subarray(1);
}

/** An OBJECT IDENTIFIER as dotted text. */
export function readOid(reader: DerReader, field: string): string {
  const start = reader.offset;
  const bytes = reader.read(derTags.oid, field).rest();
  const arcs: number[] = [];
  let arc = 0;
  let inside = false;
  for (const byte of bytes) {
    if (!inside && byte === 0x80) reader.fail(`${field} has a padded arc`, start);
    arc = arc * 128 + (byte & 0x7f);
    if (arc > 2 ** 40) reader.fail(`${field} has an arc that is too large`, start);
    inside = byte >= 0x80;
    if (inside) continue;
    if (arcs.length === 0) {
      const top = Math.min(Math.floor(arc / 40), 2);
      arcs.push(top, arc - 40 * top);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  if (inside || arcs.length === 0) reader.fail(`${field} ends inside an arc`, start);
  return arcs.join('.');
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/**
 * A Time of whole seconds in UTC (RFC 5280 section 4.1.2.5), in milliseconds since 1970. A GeneralizedTime before 2050 is
 * read too, against that section: NVIDIA's intermediate CAs for manifests have it.
 */
export function readTime(reader: DerReader, field: string): number {
  const start = reader.offset;
  const isUtc = reader.peek() === derTags.utcTime;
  const content = reader.read(isUtc ? derTags.utcTime : derTags.generalizedTime, field).rest();
  const match = (isUtc ? UTC_TIME : GENERALIZED_TIME).exec(String.fromCharCode(...content));
  if (match === null) reader.fail(`${field} is not a time of whole seconds in UTC`, start);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const fullYear = !isUtc ? year : year < 50 ? 2000 + year : 1900 + year;
  const date = new Date(Date.UTC(fullYear, month - 1, day, hour, minute, second));
  // Date rolls over what the calendar does not have, such as 31 February.
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    reader.fail(`${field} is no moment of the calendar`, start);
  }
  return date.getTime();
}
