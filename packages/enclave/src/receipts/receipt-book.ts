import { encodeUtf8, equalBytes, sha256 } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';

interface Entry {
  /** The receipt's canonical JSON. */
  readonly document: Uint8Array;
  /** SHA-256 of the credential that may fetch it; null when the request had none. */
  readonly credentialHash: Uint8Array | null;
}

/** Receipts for a bounded time (aci/1 section 7.1), by receipt id and by answer id. */
export class ReceiptBook {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  store(ids: readonly string[], document: Uint8Array, credential: string | null): void {
    const credentialHash = credential === null ? null : sha256(encodeUtf8(credential));
    for (const id of ids) {
      this.#entries.set(id, { document, credentialHash });
      if (this.#entries.size > this.#capacity) {
        const oldest = this.#entries.keys().next().value;
        if (oldest !== undefined) this.#entries.delete(oldest);
      }
    }
  }

  /**
   * A receipt for whoever presents the credential of its request (aci/1 section 7.6). Throws `ENCLAVE_UNAUTHORIZED`
   * without a credential, and `ENCLAVE_NOT_FOUND` with the wrong one, as if there were no receipt.
   */
  fetch(id: string, credential: string | null): Uint8Array {
    const entry = this.#entries.get(id);
    const missing = (): EnclaveError => new EnclaveError('ENCLAVE_NOT_FOUND', 'there is no such receipt');
    if (entry === undefined) throw missing();
    if (entry.credentialHash === null) return entry.document;
    if (credential === null)
      throw new EnclaveError('ENCLAVE_UNAUTHORIZED', 'the receipt needs its credential');
    if (!equalBytes(sha256(encodeUtf8(credential)), entry.credentialHash)) throw missing();
    return entry.document;
  }
}
