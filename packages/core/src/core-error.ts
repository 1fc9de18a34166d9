import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from './errors.ts';

type Code = 'CORE_ENCODING' | 'CORE_JSON' | 'CORE_JSON_LIMIT' | 'CORE_FIELD';

export const coreErrors: Readonly<Record<Code, ErrorEntry>> = {
  CORE_ENCODING: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'Text is not in the stated encoding (hex, base64, UTF-8) or has the wrong length.',
    fix: 'Send the value in the encoding and length that the message names.',
  },
  CORE_JSON: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning:
      'Text is not strict JSON: a syntax error, a duplicate key, or a value that has no canonical form.',
    fix: 'Send plain JSON without duplicate keys, lone surrogates or non-finite numbers.',
  },
  CORE_JSON_LIMIT: {
    advice: 'fix-input',
    httpStatus: 413,
    meaning: 'JSON is larger or nested deeper than this reader accepts.',
    fix: 'Send a smaller document; the message names the limit.',
  },
  CORE_FIELD: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'A field is missing, has the wrong type, is out of range, or is not known.',
    fix: 'Correct the field that the message names by its path.',
  },
};

export class CoreError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(coreErrors, code, message, options);
    this.name = 'CoreError';
  }
}
