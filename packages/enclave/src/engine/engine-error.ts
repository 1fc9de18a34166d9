import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

export type EngineErrorCode =
  | 'ENGINE_REQUEST'
  | 'ENGINE_UNSUPPORTED'
  | 'ENGINE_CONTEXT'
  | 'ENGINE_BUSY'
  | 'ENGINE_FAILED'
  | 'ENGINE_DEAD'
  | 'ENGINE_CONFIGURATION';

export const engineErrors: Readonly<Record<EngineErrorCode, ErrorEntry>> = {
  ENGINE_REQUEST: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A field of the inference request is missing, of the wrong type, out of range or unknown.',
    fix: 'Correct the field that details.param names.',
  },
  ENGINE_UNSUPPORTED: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The request is well formed but asks for something that this engine or model cannot do.',
    fix: 'Leave out the field that details.param names, or choose another model.',
  },
  ENGINE_CONTEXT: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning:
      'The prompt, or the prompt and the answer it asks for, do not fit into the context of the model.',
    fix: 'Send a shorter prompt or ask for fewer tokens; the message names the limit.',
  },
  ENGINE_BUSY: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'All sequences are in use and the queue of waiting requests is full.',
    fix: 'Send the request again a little later.',
  },
  ENGINE_FAILED: {
    advice: 'retry',
    httpStatus: 502,
    meaning:
      'The engine failed while it worked on this request, or its answer was not what the API promises.',
    fix: 'Send the request again; when it keeps failing, choose another host.',
  },
  ENGINE_DEAD: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'The engine is closed or cannot be reached.',
    fix: 'Choose another host; the operator of this one must restart its engine.',
  },
  ENGINE_CONFIGURATION: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The engine cannot start with these options or this model file.',
    fix: 'Correct the option that the message names before starting the enclave again.',
  },
};

export class EngineError extends DcmlError<EngineErrorCode> {
  constructor(code: EngineErrorCode, message: string, options?: DcmlErrorOptions) {
    super(engineErrors, code, message, options);
    this.name = 'EngineError';
  }
}

/** The error of one request field; `param` is its path as in OpenAI's errors. */
export function fieldError(
  code: 'ENGINE_REQUEST' | 'ENGINE_UNSUPPORTED' | 'ENGINE_CONTEXT',
  param: string,
  why: string,
): EngineError {
  return new EngineError(code, `${param}: ${why}`, { details: { param } });
}
