import type { CollateralPart } from '../part.ts';
import { isOcspResponse, outlineCertificate, outlineCrl } from './outline.ts';
import { readTlv } from './tlv.ts';

/** Without the zeros that fill a buffer, such as the NV index from which a TPM's certificate is read. */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  const length = readTlv(bytes)?.encoded.length ?? bytes.length;
  return bytes.subarray(length).every((byte) => byte === 0) ? bytes.subarray(0, length) : bytes;
}

/** A certificate, a CRL or an OCSP response; only zeros may follow. Undefined for anything else. */
export function readDer(bytes: Uint8Array): CollateralPart | undefined {
  const der = withoutPadding(bytes);
  const certificate = outlineCertificate(der);
  if (certificate !== undefined) return { type: 'certificate', ...certificate };
  const crl = outlineCrl(der);
  if (crl !== undefined) return { type: 'crl', ...crl };
  return isOcspResponse(der) ? { type: 'ocsp-response', der } : undefined;
}
