import { DcmlError, type DcmlErrorOptions, type ErrorEntry } from '@dcml/core';

type Code =
  | 'EVIDENCE_FILE_UNKNOWN'
  | 'EVIDENCE_FILE_BROKEN'
  | 'EVIDENCE_FILE_NO_EVIDENCE'
  | 'EVIDENCE_FILE_LIMIT'
  | 'EVIDENCE_FILE_NONCE';

export const evidenceFilesErrors: Readonly<Record<Code, ErrorEntry>> = {
  EVIDENCE_FILE_UNKNOWN: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The file is in none of the forms of evidence or collateral that are known.',
    fix: 'Give the quote, report, document or bundle itself; docs/guide/attest.md lists the forms.',
  },
  EVIDENCE_FILE_BROKEN: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The form of the file was recognized, and its content is incomplete or contradicts that form.',
    fix: 'Get the file again from its source; the message names the place.',
  },
  EVIDENCE_FILE_NO_EVIDENCE: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning:
      'The file was recognized and proves nothing by itself: collateral, a log, or claims without a signature.',
    fix: 'Give the evidence as the file, and what belongs to it with --collateral.',
  },
  EVIDENCE_FILE_LIMIT: {
    advice: 'fix-input',
    httpStatus: 413,
    meaning: 'The file is larger, or holds more parts, than any evidence does.',
    fix: 'Give the evidence alone.',
  },
  EVIDENCE_FILE_NONCE: {
    advice: 'fix-input',
    httpStatus: 400,
    meaning: 'The nonce or report data to expect cannot stand in evidence of this kind.',
    fix: 'Give as many bytes as the message says.',
  },
};

export class EvidenceFileError extends DcmlError<Code> {
  constructor(code: Code, message: string, options?: DcmlErrorOptions) {
    super(evidenceFilesErrors, code, message, options);
    this.name = 'EvidenceFileError';
  }
}

/** A file whose form is known and whose content does not keep it. */
export function brokenFile(what: string, problem: string, cause?: unknown): EvidenceFileError {
  return new EvidenceFileError('EVIDENCE_FILE_BROKEN', `${what}: ${problem}`, { cause });
}

/** A file that is known and is no evidence. */
export function noEvidence(what: string): EvidenceFileError {
  return new EvidenceFileError('EVIDENCE_FILE_NO_EVIDENCE', what);
}
