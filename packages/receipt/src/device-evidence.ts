import type { NvidiaDeviceEvidence } from '@dcml/attest';
import {
  canonicalJsonBytes,
  Fields,
  fromBase64,
  type JsonObject,
  type JsonValue,
  sha256,
  toBase64,
  toHex,
} from '@dcml/core';
import { ReceiptError, readAs } from './receipt-error.ts';
import { itemFields } from './text-forms.ts';

/** What one GPU or switch said when the enclave booted. OCSP answers expire, so they are collateral instead. */
export type DeviceEvidence = Omit<NvidiaDeviceEvidence, 'ocspResponses'>;

/** A machine has at most 8 GPUs and 8 switches today; 64 devices of 16 KiB still fit a report. */
const MAX_DEVICES = 64;
const MAX_REPORT_TEXT = 64 << 10;
const MAX_CHAIN_TEXT = 32 << 10;

/** The value of `evidence.devices` in a report. */
export function encodeDeviceEvidence(devices: readonly DeviceEvidence[]): JsonObject {
  return {
    version: 1,
    devices: devices.map(({ role, report, certificateChainPem }) => ({
      role,
      report_b64: toBase64(report),
      certificate_chain_pem: certificateChainPem,
    })),
  };
}

/** Strict: no unknown member, at least one device. Nothing in it is verified yet. Throws `RECEIPT_EVIDENCE`. */
export function parseDeviceEvidence(value: JsonValue): DeviceEvidence[] {
  return readAs('RECEIPT_EVIDENCE', () => {
    const fields = new Fields(value, 'evidence.devices');
    fields.integer('version', 1, 1);
    const devices = fields.array('devices', MAX_DEVICES).map((item, index): DeviceEvidence => {
      const device = itemFields(item, 'evidence.devices.devices', index);
      const read: DeviceEvidence = {
        role: device.oneOf('role', ['gpu', 'switch']),
        report: fromBase64(device.string('report_b64', MAX_REPORT_TEXT), `${device.path}.report_b64`),
        certificateChainPem: device.string('certificate_chain_pem', MAX_CHAIN_TEXT),
      };
      device.done();
      return read;
    });
    fields.done();
    if (devices.length === 0) throw new ReceiptError('RECEIPT_EVIDENCE', 'evidence.devices: lists no device');
    return devices;
  });
}

/** SHA-256 of the RFC 8785 form of `evidence.devices`, lowercase hex: what the keyset binds. */
export function deviceEvidenceDigest(value: JsonValue): string {
  return toHex(sha256(canonicalJsonBytes(value)));
}
