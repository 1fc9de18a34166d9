import { equalBytes, Fields, fromBase64, type JsonValue } from '@dcml/core';
import type { DeviceEvidence } from '@dcml/receipt';
import { platformError } from './platform-call.ts';

const MAX_DEVICES = 64;
const MAX_TEXT = 64 << 10;
/** The nonce in an SPDM GET_MEASUREMENTS request (DMTF DSP0274), which starts the report. */
const NONCE_OFFSET = 4;

/**
 * One device as NVIDIA's SDK serializes it: `certificate` and `evidence` in base64. Other members (`arch`, `nonce`,
 * `driver_version`, `vbios_version`, `version`) repeat what the signed report says, and are not used.
 */
function readDevice(value: JsonValue, role: DeviceEvidence['role'], nonce: Uint8Array): DeviceEvidence {
  const fields = new Fields(value, 'device evidence');
  const report = fromBase64(fields.string('evidence', MAX_TEXT), 'device evidence.evidence');
  const chain = fromBase64(fields.string('certificate', MAX_TEXT), 'device evidence.certificate');
  if (!equalBytes(report.subarray(NONCE_OFFSET, NONCE_OFFSET + nonce.length), nonce)) {
    throw platformError('a device answered to another nonce');
  }
  const certificateChainPem = new TextDecoder('utf-8', { fatal: true }).decode(chain);
  if (!certificateChainPem.startsWith('-----BEGIN CERTIFICATE-----')) {
    throw platformError('a device gave no certificate chain');
  }
  return { role, report, certificateChainPem };
}

/** `{evidences: […], result_code: 0, …}` of `nvattest collect-evidence`. Throws `ENCLAVE_PLATFORM`, `CORE_FIELD`. */
export function readNvattestAnswer(
  value: JsonValue,
  role: DeviceEvidence['role'],
  nonce: Uint8Array,
): DeviceEvidence[] {
  const fields = new Fields(value, 'nvattest');
  const code = fields.integer('result_code', -(2 ** 31), 2 ** 31);
  if (code !== 0) throw platformError(`NVIDIA's tool collected no evidence, result code ${code}`);
  const devices = fields.array('evidences', MAX_DEVICES).map((device) => readDevice(device, role, nonce));
  if (devices.length === 0) throw platformError(`NVIDIA's tool found no device of kind ${role}`);
  return devices;
}
