import { ByteCursor } from '../byte-cursor.ts';
import type { MeasurementBlock, SpdmReport } from './spdm.ts';

const MAX_REPORT_BYTES = 65_536;
const NONCE_BYTES = 32;
const DIGEST_BYTES = 48;
const SIGNATURE_BYTES = 96;
/** SPDM 1.1 (DSP0274): version, GET_MEASUREMENTS, signature asked for, all measurements. */
const REQUEST_HEADER = [0x11, 0xe0, 0x01, 0xff] as const;
/** Version, MEASUREMENTS, no count (that is for an index of 0), slot 0 and nothing changed meanwhile. */
const RESPONSE_HEADER = [0x11, 0x60, 0x00, 0x00] as const;
const DMTF_SPECIFICATION = 1;
const RAW_VALUE = 0x80;
/** The highest type that NVIDIA documents. */
const MAX_OPAQUE_TYPE = 36;

function readByte(cursor: ByteCursor, field: string): number {
  return cursor.bytes(1, field)[0]!;
}

function readHeader(cursor: ByteCursor, expected: readonly number[], field: string): void {
  const start = cursor.offset;
  const index = cursor.bytes(expected.length, field).findIndex((byte, i) => byte !== expected[i]);
  if (index >= 0) cursor.fail(`${field} is not that of a full SPDM 1.1 measurement`, start + index);
}

function readBlock(record: ByteCursor, previous: number): MeasurementBlock {
  const start = record.offset;
  const index = readByte(record, 'measurement index');
  if (index <= previous || index === 0xff) record.fail('measurement indices do not ascend', start);
  const specification = readByte(record, 'measurement specification');
  if (specification !== DMTF_SPECIFICATION) record.fail('measurement specification is not DMTF', start + 1);
  const body = record.sub(record.u16('measurement size'), 'measurement');
  const typeAt = body.offset;
  const type = readByte(body, 'measurement type');
  if (type >= RAW_VALUE) body.fail('measurement is not a digest', typeAt);
  const length = body.u16('measurement value size');
  if (length !== DIGEST_BYTES) {
    body.fail(`measurement ${index} has ${length} bytes, expected ${DIGEST_BYTES}`, typeAt + 1);
  }
  const value = body.bytes(length, 'measurement value');
  body.end();
  return { index, type, value };
}

function readBlocks(cursor: ByteCursor): MeasurementBlock[] {
  const count = readByte(cursor, 'number of measurements');
  const record = cursor.sub(
    cursor.u16('record length') + readByte(cursor, 'record length') * 0x10000,
    'measurement record',
  );
  const blocks: MeasurementBlock[] = [];
  while (blocks.length < count) blocks.push(readBlock(record, blocks.at(-1)?.index ?? 0));
  record.end();
  if (count === 0) cursor.fail('report has no measurement');
  return blocks;
}

function readOpaque(fields: ByteCursor): Map<number, Uint8Array> {
  const opaque = new Map<number, Uint8Array>();
  while (fields.remaining > 0) {
    const start = fields.offset;
    const type = fields.u16('opaque type');
    if (type === 0 || type > MAX_OPAQUE_TYPE) fields.fail(`opaque type ${type} is not known`, start);
    if (opaque.has(type)) fields.fail(`opaque type ${type} comes twice`, start);
    opaque.set(type, fields.bytes(fields.u16('opaque size'), 'opaque data'));
  }
  return opaque;
}

/**
 * Parses what NVIDIA's driver hands out for a GPU or a switch: the 37 bytes of a GET_MEASUREMENTS request (SPDM 1.1)
 * and the MEASUREMENTS response with its signature. Every length is the declared one; after the signature nothing may
 * follow but a single zero byte. Throws `ATTEST_FORMAT`.
 */
export function parseSpdmReport(bytes: Uint8Array): SpdmReport {
  const cursor = new ByteCursor(bytes, 'report');
  if (bytes.length > MAX_REPORT_BYTES) cursor.fail(`is longer than ${MAX_REPORT_BYTES} bytes`);
  readHeader(cursor, REQUEST_HEADER, 'request');
  const nonce = cursor.bytes(NONCE_BYTES, 'nonce');
  cursor.zero(1, 'slot');
  readHeader(cursor, RESPONSE_HEADER, 'response');
  const blocks = readBlocks(cursor);
  const deviceNonce = cursor.bytes(NONCE_BYTES, 'nonce of the device');
  const opaque = readOpaque(cursor.sub(cursor.u16('length of the opaque data'), 'opaque data'));
  const signedBytes = bytes.subarray(0, cursor.offset);
  const signature = cursor.bytes(SIGNATURE_BYTES, 'signature');
  // One capture of driver 580 ends in a zero byte that rounds an odd length up.
  if (cursor.remaining === 1 && bytes.length % 2 === 0) cursor.zero(1, 'padding');
  cursor.end();
  return { nonce, deviceNonce, blocks, opaque, signedBytes, signature };
}
