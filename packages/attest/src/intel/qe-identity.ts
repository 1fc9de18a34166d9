import { equalBytes } from '@dcml/core';
import type { EnclaveReport } from './enclave-report.ts';
import {
  parseSignedText,
  readDocument,
  readHex,
  readSvnLevels,
  type SignedDocument,
  type SvnLevel,
} from './signed-document.ts';

/** Identity of one of Intel's quoting enclaves: `QE` quotes SGX enclaves, `TD_QE` trust domains. */
export interface QeIdentity extends SignedDocument {
  readonly id: 'QE' | 'TD_QE';
  readonly miscSelect: Uint8Array;
  readonly miscSelectMask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly levels: readonly SvnLevel[];
}

/** Parses the signed text of a QE identity (Intel PCS API v4). Throws `ATTEST_FORMAT` or `CORE_*`. */
export function parseQeIdentity(text: string): QeIdentity {
  const fields = parseSignedText(text, 'enclaveIdentity');
  const id = fields.oneOf('id', ['QE', 'TD_QE']);
  fields.integer('version', 2, 2);
  return {
    id,
    ...readDocument(fields),
    miscSelect: readHex(fields, 'miscselect', 4),
    miscSelectMask: readHex(fields, 'miscselectMask', 4),
    attributes: readHex(fields, 'attributes', 16),
    attributesMask: readHex(fields, 'attributesMask', 16),
    mrSigner: readHex(fields, 'mrsigner', 32),
    isvProdId: fields.integer('isvprodid', 0, 65_535),
    levels: readSvnLevels(fields),
  };
}

/** True if the bits of `value` under `mask` are those of `expected`. */
export function matchesMasked(value: Uint8Array, mask: Uint8Array, expected: Uint8Array): boolean {
  return (
    value.length === mask.length &&
    equalBytes(
      value.map((byte, i) => byte & mask[i]!),
      expected,
    )
  );
}

/** Which field of a QE report is not that of the identity, or undefined if all are. */
export function qeMismatch(report: EnclaveReport, identity: QeIdentity): string | undefined {
  if (!equalBytes(report.mrSigner, identity.mrSigner)) return 'MRSIGNER';
  if (report.isvProdId !== identity.isvProdId) return 'ISVPRODID';
  if (!matchesMasked(report.miscSelect, identity.miscSelectMask, identity.miscSelect)) return 'MISCSELECT';
  if (!matchesMasked(report.attributes, identity.attributesMask, identity.attributes)) return 'ATTRIBUTES';
  return undefined;
}
