import { concatBytes, equalBytes, fromHex, isDcmlError } from '@dcml/core';
import { writeNvidiaReport } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDeviceFacts } from '../../src/nvidia/device-facts.ts';
import { parseSpdmReport } from '../../src/nvidia/parse-report.ts';
import { blackwell, gpuMeasurements, hopper, makeDevice, nonce } from './simulated-devices.ts';

const report = writeNvidiaReport(hopper, { nonce, measurements: gpuMeasurements });

/** The report with these bytes at this offset. */
function patched(offset: number, ...bytes: readonly number[]): Uint8Array {
  const out = Uint8Array.from(report);
  out.set(bytes, offset);
  return out;
}

// Request 37, response header 4, count 1, record length 3, then blocks of 55.
const RESPONSE = 37;
const COUNT = 41;
const RECORD = 45;
const RECORD_BYTES = 64 * 55;
const OPAQUE_LENGTH = RECORD + RECORD_BYTES + 32;
const OPAQUE = OPAQUE_LENGTH + 2;

describe('SPDM report', () => {
  it('reads what a device measured', () => {
    const parsed = parseSpdmReport(report);
    expect(parsed.nonce).toEqual(nonce);
    expect(parsed.blocks).toHaveLength(64);
    expect(parsed.blocks[9]).toEqual({ index: 10, type: 1, value: fromHex('b9'.repeat(48)) });
    expect(parsed.signedBytes).toHaveLength(report.length - 96);
    expect(parsed.signature).toEqual(report.slice(-96));
    expect(readDeviceFacts('gpu', parsed.opaque)).toMatchObject({
      driverVersion: '590.12',
      vbiosVersion: '96.00.A5.00.01',
      project: 'G520',
      projectSku: '0200',
      chipSku: '885',
      gpuMode: 'spt',
      hasNvdec0: false,
    });
  });

  it('refuses every truncation, naming the offset', () => {
    for (let length = 0; length < report.length; length++) {
      expect(() => parseSpdmReport(report.subarray(0, length))).toThrow(/offset \d+/);
    }
  });

  it('takes a zero byte after the signature only where it rounds an odd length up', () => {
    const version = fromHex('3539302e3132');
    const reports = [1, 2].map((zeros) =>
      writeNvidiaReport(hopper, { nonce, opaque: { 3: concatBytes(version, new Uint8Array(zeros)) } }),
    );
    const [evenReport, oddReport] = reports.sort((a, b) => (a.length % 2) - (b.length % 2));
    expect([evenReport!.length % 2, oddReport!.length % 2]).toEqual([0, 1]);
    expect(parseSpdmReport(concatBytes(oddReport!, Uint8Array.of(0))).signature).toHaveLength(96);
    expect(() => parseSpdmReport(concatBytes(oddReport!, Uint8Array.of(1)))).toThrow('padding must be zero');
    expect(() => parseSpdmReport(concatBytes(oddReport!, Uint8Array.of(0, 0)))).toThrow(
      '2 unexplained bytes',
    );
    expect(() => parseSpdmReport(concatBytes(evenReport!, Uint8Array.of(0)))).toThrow('1 unexplained bytes');
  });

  it.each([
    ['another version', 0, 0x12],
    ['another request', 1, 0xe1],
    ['no signature asked for', 2, 0],
    ['one measurement asked for', 3, 1],
    ['another version of the response', RESPONSE, 0x12],
    ['another response', RESPONSE + 1, 0x61],
    ['a count where none belongs', RESPONSE + 2, 1],
    ['another slot', RESPONSE + 3, 1],
  ])('refuses %s', (_, offset, value) => {
    expect(() => parseSpdmReport(patched(offset, value))).toThrow(
      `not that of a full SPDM 1.1 measurement at offset ${offset}`,
    );
  });

  it.each([
    ['another slot of the request', 36, [1], 'slot must be zero'],
    ['no measurement', COUNT, [0, 0, 0, 0], 'report has no measurement'],
    ['a measurement less than the record has', COUNT, [63], 'unexplained bytes'],
    ['a measurement more than the record has', COUNT, [65], 'needs 1 bytes, 0 are left'],
    ['a record longer than the report', COUNT + 1, [0xff, 0xff, 0xff], 'bytes, '],
    ['an index twice', RECORD + 55, [1], 'measurement indices do not ascend'],
    ['index 0', RECORD, [0], 'measurement indices do not ascend'],
    ['another specification', RECORD + 1, [2], 'measurement specification is not DMTF'],
    ['a size that holds more than the value', RECORD + 2, [52], 'unexplained bytes'],
    ['a size that holds less than the value', RECORD + 2, [50], 'needs 48 bytes'],
    ['a raw value', RECORD + 4, [0x81], 'measurement is not a digest'],
    ['a shorter digest', RECORD + 5, [32], 'measurement 1 has 32 bytes, expected 48'],
    ['opaque data longer than the report', OPAQUE_LENGTH, [0xff, 0xff], 'bytes, '],
    ['an opaque type that is not known', OPAQUE, [37, 0], 'opaque type 37 is not known'],
    ['opaque type 0', OPAQUE, [0, 0], 'opaque type 0 is not known'],
    ['an opaque type twice', OPAQUE, [6, 0], 'opaque type 6 comes twice'],
    ['an opaque size beyond the data', OPAQUE + 2, [0xff, 0xff], 'opaque data needs'],
  ])('refuses %s', (_, offset, bytes, message) => {
    expect(() => parseSpdmReport(patched(offset, ...bytes))).toThrow(message);
  });

  it('refuses index 255, which stands for all blocks', () => {
    const last = RECORD + 63 * 55;
    expect(() => parseSpdmReport(patched(last, 0xff))).toThrow('measurement indices do not ascend');
  });

  it('refuses a report longer than any', () => {
    expect(() => parseSpdmReport(new Uint8Array(65_537))).toThrow('is longer than 65536 bytes');
  });

  it('answers any bytes with a report or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(report.length - 1), (bytes, at) => {
        for (const input of [bytes, concatBytes(report.subarray(0, at), bytes, report.subarray(at))]) {
          try {
            expect(parseSpdmReport(input).blocks.length).toBeGreaterThan(0);
          } catch (error) {
            expect(isDcmlError(error) && error.code).toBe('ATTEST_FORMAT');
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('opaque fields', () => {
  const factsOf = (opaque: Readonly<Record<number, Uint8Array | null>>, device = hopper) =>
    readDeviceFacts(device.role, parseSpdmReport(writeNvidiaReport(device, { nonce, opaque })).opaque);
  const lsSwitch = makeDevice({ architecture: 'ls10' });

  it('reads the mode from the feature flag, or from the status of older drivers', () => {
    expect(factsOf({ 34: null, 36: null }).gpuMode).toBe('spt');
    expect(factsOf({ 34: null, 36: null, 21: Uint8Array.of(0xaa) }).gpuMode).toBe('ppcie');
    expect(factsOf({ 34: null, 36: null, 21: null }).gpuMode).toBeUndefined();
    expect(factsOf({ 36: Uint8Array.of(1, 0) }).gpuMode).toBe('mpt');
    expect(factsOf({}, blackwell)).toMatchObject({ gpuMode: 'mpt', chip: 'GB100' });
    expect(factsOf({}, lsSwitch)).toMatchObject({
      isLocked: true,
      vbiosVersion: '96.10.55.00.01',
      gpuMode: undefined,
    });
  });

  it.each([
    ['a feature flag that is not known', { 36: Uint8Array.of(3, 0) }, 'feature flag'],
    ['a long feature flag', { 36: Uint8Array.of(1, 0, 0) }, 'feature flag'],
    ['a feature flag without a version', { 34: null }, 'feature flag'],
    ['a version that is not known', { 34: Uint8Array.of(2, 0) }, 'version of the opaque data'],
    ['protected PCIe under a flag that says otherwise', { 21: Uint8Array.of(0xaa) }, 'protected PCIe status'],
    ['a status that is neither on nor off', { 21: Uint8Array.of(1) }, 'protected PCIe status'],
    ['a decoder that is neither on nor off', { 11: Uint8Array.of(0) }, 'NVDEC0 status'],
    ['no driver version', { 3: null }, 'driver version'],
    ['a driver version with other letters', { 3: Uint8Array.of(0x35, 0x2f, 0) }, 'driver version'],
    ['an endless driver version', { 3: new Uint8Array(65).fill(0x35) }, 'driver version'],
    ['a driver version with text after its end', { 3: Uint8Array.of(0x35, 0, 0x35) }, 'driver version'],
    ['no VBIOS version', { 6: null }, 'VBIOS version'],
    ['a short VBIOS version', { 6: new Uint8Array(7) }, 'VBIOS version'],
    ['no project', { 17: null }, 'project'],
    ['no project SKU', { 18: null }, 'project SKU'],
    ['no chip SKU', { 15: null }, 'chip SKU'],
    ['a short firmware id', { 20: new Uint8Array(47) }, 'firmware id'],
    ['half a switch id', { 22: new Uint8Array(12) }, 'switch ids'],
    ['no switch id at all', { 22: new Uint8Array(0) }, 'switch ids'],
  ])('refuses %s', (_, opaque, field) => {
    expect(() => factsOf(opaque)).toThrow(`opaque field ${field} has a value that is not known`);
  });

  it.each([
    ['a lock status that is not known', { 25: Uint8Array.of(2, 0) }, 'lock status'],
    ['two ids', { 22: new Uint8Array(16) }, 'switch id'],
    ['GPU ids without ports', { 26: new Uint8Array(64) }, 'GPU ids'],
    ['no VBIOS version', { 6: null }, 'VBIOS version'],
  ])('refuses %s of a switch', (_, opaque, field) => {
    expect(() => factsOf(opaque, lsSwitch)).toThrow(`opaque field ${field} has a value that is not known`);
  });

  it('names each link once', () => {
    const ids = concatBytes(fromHex('01'.repeat(8)), fromHex('02'.repeat(8)), fromHex('01'.repeat(8)));
    expect(factsOf({ 22: ids }).links).toEqual(['01'.repeat(8), '02'.repeat(8)]);
    expect(equalBytes(ids.subarray(0, 8), ids.subarray(16))).toBe(true);
  });
});
