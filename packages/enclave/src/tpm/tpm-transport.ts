/** A way to a TPM. One command at a time: `Tpm` sees to that. */
export interface TpmTransport {
  /**
   * Sends one command and gives its whole answer. A transport that was aborted in between is out of step and must
   * drop what it holds, so that no late answer is taken for the next one.
   */
  exchange(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** No answer of a TPM is longer (`TPM_PT_MAX_RESPONSE_SIZE` is 4096 everywhere). */
export const MAX_ANSWER_BYTES = 8192;
export const HEADER_BYTES = 10;
