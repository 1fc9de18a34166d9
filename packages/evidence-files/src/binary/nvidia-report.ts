import type { PartOf } from '../part.ts';
import { hasBytes } from './little-endian.ts';

/** SPDM 1.1 GET_MEASUREMENTS (0xe0) for all measurements (0xff), 37 bytes, then the response (0x60). */
const REQUEST: readonly number[] = [0x11, 0xe0];
const RESPONSE: readonly number[] = [0x11, 0x60];
const REQUEST_BYTES = 37;

export function isNvidiaReport(bytes: Uint8Array): boolean {
  return hasBytes(bytes, 0, REQUEST) && hasBytes(bytes, REQUEST_BYTES, RESPONSE) && bytes[3] === 0xff;
}

/** A device's measurement exchange; its certificates come from elsewhere, and they say what the device is. */
export function readNvidiaReport(bytes: Uint8Array): PartOf<'nvidia-device'> | undefined {
  return isNvidiaReport(bytes) ? { type: 'nvidia-device', role: 'gpu', report: bytes, chain: [] } : undefined;
}
