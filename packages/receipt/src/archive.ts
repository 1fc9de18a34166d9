import {
  canonicalJsonBytes,
  concatBytes,
  type DigestText,
  decodeUtf8,
  digestText,
  encodeUtf8,
  equalBytes,
  Fields,
  fromBase64,
  type JsonObject,
  parseJson,
  sha256,
  toBase64,
} from '@dcml/core';
import { type Collateral, collateralFromJson, encodeCollateral } from './collateral-json.ts';
import { type Receipt, receiptFromJson } from './receipt-document.ts';
import { ReceiptError, readAs } from './receipt-error.ts';
import { type AttestationReport, encodeReport, reportFromJson } from './report.ts';
import { assertNonce } from './statement.ts';
import { readDigest, readNullable } from './text-forms.ts';

/** All that is needed to check an exchange again, offline. */
export interface ReceiptArchive {
  readonly receipt: Receipt;
  readonly report: AttestationReport;
  readonly nonce: string | null;
  readonly collateral: Collateral;
  /** Unix seconds: when the report was verified, which is when its collateral was valid. */
  readonly verifiedAt: number;
  readonly requestBody: Uint8Array | null;
  readonly responseBody: Uint8Array | null;
}

/** Longest archive that is written or read: leave out bodies that do not fit. */
export const maxArchiveBytes: number = 6 << 20;

function tooLarge(length: number): ReceiptError {
  return new ReceiptError('RECEIPT_ARCHIVE', `${length} bytes do not fit an archive of ${maxArchiveBytes}`);
}

function withDigest(content: JsonObject): JsonObject {
  const digest: DigestText = digestText(sha256(canonicalJsonBytes(content)));
  return { ...content, digest };
}

/**
 * The file: RFC 8785 form and one newline, so that one archive is one sequence of bytes.
 * Throws `RECEIPT_ARCHIVE` when it is longer than `maxArchiveBytes`.
 */
export function encodeArchive(archive: ReceiptArchive): Uint8Array<ArrayBuffer> {
  const base64 = (body: Uint8Array | null): string | null => {
    if (body !== null && body.length > maxArchiveBytes) throw tooLarge(body.length);
    return body && toBase64(body);
  };
  const document = withDigest({
    version: 1,
    receipt: archive.receipt.document,
    report: encodeReport(archive.report),
    nonce: archive.nonce,
    collateral: encodeCollateral(archive.collateral),
    verified_at: archive.verifiedAt,
    request_body_b64: base64(archive.requestBody),
    response_body_b64: base64(archive.responseBody),
  });
  const bytes = concatBytes(canonicalJsonBytes(document), encodeUtf8('\n'));
  if (bytes.length > maxArchiveBytes) throw tooLarge(bytes.length);
  return bytes;
}

function readArchive(fields: Fields): ReceiptArchive {
  fields.integer('version', 1, 1);
  const body = (name: string): Uint8Array | null =>
    readNullable(fields, name, () => fromBase64(fields.string(name, maxArchiveBytes), name));
  const nonce = readNullable(fields, 'nonce', () => fields.string('nonce', 64));
  if (nonce !== null) assertNonce(nonce);
  return {
    receipt: receiptFromJson(fields.required('receipt')),
    report: reportFromJson(fields.required('report')),
    nonce,
    collateral: collateralFromJson(fields.required('collateral')),
    verifiedAt: fields.integer('verified_at', 0, Number.MAX_SAFE_INTEGER),
    requestBody: body('request_body_b64'),
    responseBody: body('response_body_b64'),
  };
}

/**
 * Reads an archive and refuses any byte that differs from the one form it can have. The digest shows damage, not
 * forgery: that is what `verifyArchive` is for. Throws `RECEIPT_ARCHIVE`, or the error of the part that is wrong.
 */
export function parseArchive(bytes: Uint8Array): ReceiptArchive {
  return readAs('RECEIPT_ARCHIVE', () => {
    const document = parseJson(decodeUtf8(bytes), { maxLength: maxArchiveBytes, maxDepth: 40 });
    const fields = new Fields(document, 'archive');
    readDigest(fields, 'digest');
    const archive = readArchive(fields);
    fields.done();
    // Encoding what was understood, digest included, gives the file again, or something in it was changed.
    if (!equalBytes(encodeArchive(archive), bytes)) {
      throw new ReceiptError('RECEIPT_ARCHIVE', 'the file is not canonical or does not match its digest');
    }
    return archive;
  });
}
