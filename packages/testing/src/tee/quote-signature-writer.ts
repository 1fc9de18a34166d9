import { createHash } from 'node:crypto';
import { concatBytes, encodeUtf8, fromHex } from '@dcml/core';
import { type EcKey, signEcdsa } from './ec-key.ts';
import {
  type QeReportFields,
  littleEndian16 as u16,
  littleEndian32 as u32,
  writeEnclaveReport,
} from './enclave-report-writer.ts';

const INTEL_QE_VENDOR_ID = fromHex('939a7233f79c4ca9940a0db3957f0607');

/** What any quote has around its report. */
export interface QuoteEnvelope {
  readonly version: number;
  readonly attestationKeyType: number;
  readonly teeType: number;
  readonly qe: QeReportFields;
  readonly authData: Uint8Array;
  /** 5 for the chain below; another to be refused. */
  readonly certificationType: number;
  /** Leaf, CA and root certificates in PEM. */
  readonly pckChainPem: string;
  /** Zero bytes after the signature data, as several real platforms send them. */
  readonly zeroPadding: number;
}

/** Signs header and body and puts the signature data after them, wrapped as in versions 4 and 5 or bare as in 3. */
export function writeQuote(
  envelope: QuoteEnvelope,
  body: Uint8Array,
  isWrapped: boolean,
  attestationKey: EcKey,
  pckKey: EcKey,
): Uint8Array<ArrayBuffer> {
  const { qe, authData } = envelope;
  const signedPart = concatBytes(
    u16(envelope.version),
    u16(envelope.attestationKeyType),
    u32(envelope.teeType),
    new Uint8Array(4),
    INTEL_QE_VENDOR_ID,
    new Uint8Array(20),
    body,
  );
  const publicKey = attestationKey.point.subarray(1);
  const hash = new Uint8Array(createHash('sha256').update(publicKey).update(authData).digest());
  const binding = concatBytes(hash, new Uint8Array(32));
  const report = writeEnclaveReport({ ...qe, reportData: qe.reportData ?? binding });
  const chain = concatBytes(encodeUtf8(envelope.pckChainPem), Uint8Array.of(0));
  const certification = concatBytes(
    report,
    signEcdsa(pckKey, report, 'raw'),
    u16(authData.length),
    authData,
    u16(envelope.certificationType),
    u32(chain.length),
    chain,
  );
  const signatureData = concatBytes(
    signEcdsa(attestationKey, signedPart, 'raw'),
    publicKey,
    ...(isWrapped ? [u16(6), u32(certification.length)] : []),
    certification,
  );
  return concatBytes(
    signedPart,
    u32(signatureData.length),
    signatureData,
    new Uint8Array(envelope.zeroPadding),
  );
}
