import { createHash } from 'node:crypto';
import { concatBytes, encodeUtf8, fromHex } from '@dcml/core';
import { type EcKey, signEcdsa } from './ec-key.ts';

const INTEL_QE_VENDOR_ID = fromHex('939a7233f79c4ca9940a0db3957f0607');

/** The fields of a TD report 1.0 in the order of the quote body (584 bytes). */
export interface TdReportFields {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** Four registers of 48 bytes. */
  readonly rtmrs: readonly Uint8Array[];
  readonly reportData: Uint8Array;
}

/** The fields of the quoting enclave's report (384 bytes); `reportData` undefined binds the attestation key. */
export interface QeReportFields {
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Uint8Array | undefined;
}

export interface QuoteFields {
  readonly version: number;
  readonly attestationKeyType: number;
  readonly teeType: number;
  readonly td: TdReportFields;
  readonly qe: QeReportFields;
  readonly authData: Uint8Array;
  /** Leaf, CA and root certificates in PEM. */
  readonly pckChainPem: string;
  /** Zero bytes after the signature data, as several real platforms send them. */
  readonly zeroPadding: number;
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

function u32(value: number): Uint8Array {
  return concatBytes(u16(value & 0xffff), u16(value >>> 16));
}

function qeReport(qe: QeReportFields, binding: Uint8Array): Uint8Array {
  return concatBytes(
    qe.cpuSvn,
    qe.miscSelect,
    new Uint8Array(28),
    qe.attributes,
    qe.mrEnclave,
    new Uint8Array(32),
    qe.mrSigner,
    new Uint8Array(96),
    u16(qe.isvProdId),
    u16(qe.isvSvn),
    new Uint8Array(60),
    qe.reportData ?? concatBytes(binding, new Uint8Array(32)),
  );
}

/** A TDX quote v4 (Intel, TDX DCAP Quoting Library API, appendix 3) signed by the given keys. */
export function writeTdxQuote(
  fields: QuoteFields,
  attestationKey: EcKey,
  pckKey: EcKey,
): Uint8Array<ArrayBuffer> {
  const { td, qe, authData } = fields;
  const signedPart = concatBytes(
    u16(fields.version),
    u16(fields.attestationKeyType),
    u32(fields.teeType),
    new Uint8Array(4),
    INTEL_QE_VENDOR_ID,
    new Uint8Array(20),
    td.teeTcbSvn,
    td.mrSeam,
    td.mrSignerSeam,
    td.seamAttributes,
    td.tdAttributes,
    td.xfam,
    td.mrTd,
    td.mrConfigId,
    td.mrOwner,
    td.mrOwnerConfig,
    ...td.rtmrs,
    td.reportData,
  );
  const publicKey = attestationKey.point.subarray(1);
  const binding = new Uint8Array(createHash('sha256').update(publicKey).update(authData).digest());
  const report = qeReport(qe, binding);
  const chain = concatBytes(encodeUtf8(fields.pckChainPem), Uint8Array.of(0));
  const certification = concatBytes(
    report,
    signEcdsa(pckKey, report, 'raw'),
    u16(authData.length),
    authData,
    u16(5),
    u32(chain.length),
    chain,
  );
  const signatureData = concatBytes(
    signEcdsa(attestationKey, signedPart, 'raw'),
    publicKey,
    u16(6),
    u32(certification.length),
    certification,
  );
  return concatBytes(
    signedPart,
    u32(signatureData.length),
    signatureData,
    new Uint8Array(fields.zeroPadding),
  );
}
