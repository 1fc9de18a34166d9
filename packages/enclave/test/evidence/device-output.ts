import { encodeUtf8, toBase64, toHex } from '@dcml/core';

/** A report that begins as an SPDM GET_MEASUREMENTS request over the nonce. */
export function deviceReport(nonce: Uint8Array, serial: number): Uint8Array {
  const report = new Uint8Array(200).fill(serial);
  report.set([0x11, 0xe0, 0x01, 0xff]);
  report.set(nonce, 4);
  return report;
}

export const CHAIN = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

/** What `nvattest --format json collect-evidence` prints. */
export function nvattestOutput(nonce: Uint8Array, count: number, change: object = {}): string {
  const evidences = Array.from({ length: count }, (_, index) => ({
    version: '1.0',
    arch: 'HOPPER',
    nonce: toHex(nonce),
    driver_version: '570.1',
    vbios_version: '96.00',
    evidence: toBase64(deviceReport(nonce, index)),
    certificate: toBase64(encodeUtf8(CHAIN)),
    ...change,
  }));
  return JSON.stringify({ result_code: 0, result_message: 'Ok', evidences });
}
