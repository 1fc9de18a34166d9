import { type ReadNvidiaRimResult, type ReadRimOptions, readRim } from '@dcml/attest';
import { createRimSigner, type RimDeviation, type RimFields, type RimSigner, writeRim } from '@dcml/testing';
import { parseCertificate } from '../../../src/x509/certificate.ts';

export const NOW_MS: number = Date.parse('2026-11-01T12:00:00Z');
export const signer: RimSigner = createRimSigner({ nowMs: NOW_MS });
export const rootOf = ({ chain }: RimSigner): ReadRimOptions => ({
  roots: [parseCertificate(chain.at(-1) ?? new Uint8Array())],
  nowMs: NOW_MS,
});
export const options: ReadRimOptions = rootOf(signer);

export const fields: RimFields = {
  kind: 'driver',
  version: '550.90.07',
  measurements: [
    { index: 0, values: ['ab'.repeat(48)] },
    { index: 7, values: ['01'.repeat(48), '23'.repeat(48)], name: 'MixedMeasurement_7' },
    { index: 9, active: false, values: ['45'.repeat(48)] },
  ],
};

/** What becomes of a simulated manifest that deviates where a test says so. */
export function read(
  deviation: RimDeviation = {},
  more: Partial<RimFields> = {},
): Promise<ReadNvidiaRimResult> {
  return readRim(writeRim({ ...fields, ...more }, signer, deviation), options);
}
