import { type Advice, Fields, type JsonValue } from '@dcml/core';

/** What a host or an enclave says when it refuses (docs/protocol/http.md, "Errors"). */
export interface ErrorAnswer {
  readonly message: string;
  /** A dcml code, for example `ENCLAVE_CHALLENGE`. */
  readonly code: string;
  readonly advice: Advice;
}

/** Null when the value is no error of that shape. */
export function readErrorAnswer(value: JsonValue): ErrorAnswer | null {
  try {
    const error = new Fields(value, 'answer').object('error');
    const dcml = error.object('dcml');
    return {
      message: error.string('message', 8192),
      code: dcml.string('code', 128),
      advice: dcml.oneOf('advice', ['fix-input', 'retry', 'do-not-trust', 'report-bug']),
    };
  } catch {
    return null;
  }
}
