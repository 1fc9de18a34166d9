import { canonicalizeJson, encodeUtf8, Fields, type JsonObject, parseJson, sha256, toHex } from '@dcml/core';
import {
  collateralFromJson,
  encodeArchive,
  encodeCollateral,
  encodeReport,
  parseReceipt,
  reportFromJson,
} from '@dcml/receipt';
import { ClientError } from './client-error.ts';
import type { ClientStore } from './client-store.ts';
import type { EnclaveVerification } from './connect-enclave.ts';

const LIMITS = { maxLength: 16 << 20, maxDepth: 40 } as const;

/** What established an enclave, as it is kept once for all receipts under it. */
export interface StoredEvidence {
  readonly evidenceId: string;
  readonly content: string;
}

export function encodeEvidence(verification: EnclaveVerification): StoredEvidence {
  const document: JsonObject = {
    report: encodeReport(verification.report),
    nonce: verification.nonce,
    collateral: encodeCollateral(verification.collateral),
    verified_at: verification.verifiedAt,
  };
  const content = canonicalizeJson(document);
  return { evidenceId: toHex(sha256(encodeUtf8(content))), content };
}

/**
 * The archive file of a stored receipt: what `dcml verify` checks offline. Throws `CLIENT_NOT_FOUND`, `CLIENT_STORE`.
 */
export async function exportArchive(store: ClientStore, receiptId: string): Promise<Uint8Array<ArrayBuffer>> {
  const record = await store.getReceipt(receiptId);
  if (record === null) throw new ClientError('CLIENT_NOT_FOUND', `no receipt ${receiptId} here`);
  const evidence = await store.getEvidence(record.evidenceId);
  if (evidence === null)
    throw new ClientError('CLIENT_STORE', `the evidence of receipt ${receiptId} is missing`);
  const fields = new Fields(parseJson(evidence, LIMITS), 'evidence');
  return encodeArchive({
    receipt: parseReceipt(record.receipt),
    report: reportFromJson(fields.required('report')),
    nonce: fields.string('nonce', 64),
    collateral: collateralFromJson(fields.required('collateral')),
    verifiedAt: fields.integer('verified_at', 0, Number.MAX_SAFE_INTEGER),
    requestBody: record.requestBody,
    responseBody: record.responseBody,
  });
}
