/** The TPM answered with a response code (TPM 2.0 part 2, section 6.6), or with bytes that are no answer. */
export class TpmError extends Error {
  /** 0 for an answer that cannot be read. */
  readonly responseCode: number;

  constructor(message: string, responseCode = 0) {
    super(message);
    this.name = 'TpmError';
    this.responseCode = responseCode;
  }
}
