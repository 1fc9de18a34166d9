import { canonicalJsonBytes, type JsonObject, toHex } from '@dcml/core';
import {
  assertNonce,
  attestationStatement,
  chainKeyAlgorithm,
  encodeReport,
  encryptionKeyAlgorithm,
  keysetDigest,
  receiptKeyAlgorithm,
  reportData,
  type WorkloadKeyset,
} from '@dcml/receipt';
import { EnclaveError } from '../enclave-error.ts';
import type { EvidenceSource } from '../evidence/evidence-source.ts';
import type { InstanceKeys } from '../keys/instance-keys.ts';

/** Quotes take the platform milliseconds to seconds; more callers than this wait for another time. */
const MAX_CONCURRENT_QUOTES = 8;

export const RECEIPT_KEY_ID = 'receipt-1';

/** The instance's keys as clients see them (aci/1 section 3.1). */
export function describeKeys(keys: InstanceKeys, notAfter: number): WorkloadKeyset {
  return {
    subject: null,
    notAfter,
    receiptSigningKeys: [
      { keyId: RECEIPT_KEY_ID, algo: receiptKeyAlgorithm, publicKey: toHex(keys.receipt.publicKey) },
    ],
    e2eePublicKeys: [
      { keyId: 'encryption-1', algo: encryptionKeyAlgorithm, publicKey: toHex(keys.encryption.publicKey) },
      { keyId: 'chain-1', algo: chainKeyAlgorithm, publicKey: keys.chain.address.slice(2) },
    ],
    tlsPublicKeys: [{ spkiSha256: keys.tls.spkiSha256Hex }],
  };
}

export interface ReportDeskOptions {
  readonly keyset: WorkloadKeyset;
  readonly source: EvidenceSource;
  readonly appCompose: string;
  /** `evidence.devices`, which the keyset binds; null where there are none. */
  readonly devices: JsonObject | null;
}

/** Makes attestation reports: a fresh quote over the keyset and the caller's nonce (aci/1 section 4). */
export class ReportDesk {
  readonly #options: ReportDeskOptions;
  #running = 0;

  constructor(options: ReportDeskOptions) {
    this.#options = options;
  }

  /** The report as UTF-8 JSON. Throws `ENCLAVE_NONCE`, `ENCLAVE_PLATFORM`. */
  async report(nonce: string | null, signal: AbortSignal): Promise<Uint8Array> {
    try {
      if (nonce !== null) assertNonce(nonce);
    } catch (cause) {
      throw new EnclaveError('ENCLAVE_NONCE', 'the nonce is not 64 lowercase hex digits', { cause });
    }
    if (this.#running >= MAX_CONCURRENT_QUOTES) {
      throw new EnclaveError('ENCLAVE_PLATFORM', 'too many quotes are being made at once');
    }
    this.#running++;
    try {
      const digest = keysetDigest(this.#options.keyset);
      const data = reportData(attestationStatement(digest, nonce));
      const quote = await this.#options.source.quote(data, signal);
      const { appCompose, devices } = this.#options;
      const evidence: JsonObject = {
        ...quote.evidence,
        app_compose: appCompose,
        ...(devices && { devices }),
      };
      return canonicalJsonBytes(
        encodeReport({
          keysetDigest: digest,
          teeType: quote.teeType,
          keyset: this.#options.keyset,
          reportData: toHex(data.subarray(0, 32)),
          sourceProvenance: null,
          evidence,
          supportedE2eeVersions: ['ehbp'],
          serving: 'direct',
        }),
      );
    } finally {
      this.#running--;
    }
  }
}
