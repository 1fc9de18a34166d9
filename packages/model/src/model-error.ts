import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'MODEL_GGUF'
  | 'MODEL_GGUF_LIMIT'
  | 'MODEL_MANIFEST'
  | 'MODEL_FILES'
  | 'MODEL_CHANGED'
  | 'MODEL_MISMATCH'
  | 'MODEL_UNKNOWN'
  | 'MODEL_UNREACHABLE'
  | 'MODEL_SOURCE'
  | 'MODEL_SOURCE_HASH'
  | 'MODEL_SOURCE_STALLED'
  | 'MODEL_WHEEL'
  | 'MODEL_DISK_FULL'
  | 'MODEL_CACHE'
  | 'MODEL_BUSY';

export const modelErrors: Readonly<Record<Code, ErrorEntry>> = {
  MODEL_GGUF: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning:
      'A file is not a GGUF file that this reader accepts: truncated, malformed, or of an unknown type.',
    fix: 'Use a little-endian GGUF file of version 2 or 3; download it again if it should be one.',
  },
  MODEL_GGUF_LIMIT: {
    advice: 'fix-input',
    httpStatus: 413,
    meaning: 'A GGUF header is larger, longer or nested deeper than this reader accepts.',
    fix: 'Use a file with a smaller header; the message names the limit.',
  },
  MODEL_MANIFEST: {
    advice: 'do-not-trust',
    httpStatus: 400,
    meaning: 'A model manifest is malformed, inconsistent, or does not have the hash that was named.',
    fix: 'Get the manifest from its publisher again; the message names the field.',
  },
  MODEL_FILES: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning:
      'The files of a model cannot be listed: none, a symbolic link, a special file or an unsafe name.',
    fix: 'Give a regular file or a directory of regular files with plain names; the message names the path.',
  },
  MODEL_CHANGED: {
    advice: 'retry',
    httpStatus: 409,
    meaning: 'A model file changed while it was being read.',
    fix: 'Stop what writes to the file and try again.',
  },
  MODEL_MISMATCH: {
    advice: 'do-not-trust',
    httpStatus: 409,
    meaning: 'A model is not the expected one; the details name what differs.',
    fix: 'Do not load it: get the model that the hash names.',
  },
  MODEL_UNKNOWN: {
    advice: 'fix-input',
    httpStatus: 404,
    meaning: 'The catalogue has no model of this name.',
    fix: 'Use one of the names that the message lists, or give a file.',
  },
  MODEL_UNREACHABLE: {
    advice: 'retry',
    httpStatus: 503,
    meaning: 'No source gave the model; the details list each source and why it failed.',
    fix: 'Check the network, give the file yourself, or use the tiny model.',
  },
  MODEL_SOURCE: {
    advice: 'retry',
    httpStatus: 502,
    meaning: 'One source of a model failed: not found, refused, cut short, or its program could not be run.',
    fix: 'Try again or use another source.',
  },
  MODEL_SOURCE_HASH: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A source gave bytes whose SHA-256 is not the pinned one.',
    fix: 'Do not use the bytes (they were deleted); use another source.',
  },
  MODEL_SOURCE_STALLED: {
    advice: 'retry',
    httpStatus: 504,
    meaning: 'A source sent nothing for too long.',
    fix: 'Try again: the download continues where it stopped.',
  },
  MODEL_WHEEL: {
    advice: 'do-not-trust',
    httpStatus: 502,
    meaning: 'A wheel is not a zip archive that this reader accepts, or lacks the member.',
    fix: 'Use another source.',
  },
  MODEL_DISK_FULL: {
    advice: 'fix-input',
    httpStatus: 507,
    meaning: 'The disk has no room for the model.',
    fix: 'Free the number of bytes that the details name, or use another cache directory.',
  },
  MODEL_CACHE: {
    advice: 'fix-input',
    httpStatus: 500,
    meaning: 'The cache directory of models cannot be written.',
    fix: 'Give a directory that this user may write to; the message names the path.',
  },
  MODEL_BUSY: {
    advice: 'retry',
    httpStatus: 409,
    meaning: 'Another process is downloading the same model into the same directory.',
    fix: 'Wait for it to finish, then try again.',
  },
};

export class ModelError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(modelErrors, code, message, options);
    this.name = 'ModelError';
  }
}
