import type { EvidenceKind } from '@dcml/attest';
import { type AssembledEvidence, assembleEvidence } from './assemble/assemble-evidence.ts';
import type { MissingPart } from './assemble/missing-part.ts';
import { noEvidence } from './evidence-files-error.ts';
import { type FileContents, isEvidencePart, type Part, type Subject } from './part.ts';
import { readEvidenceFile } from './read-file.ts';

export interface DetectedEvidence {
  readonly kind: EvidenceKind;
  /** Which of several in the file; empty if there is one. */
  readonly label: string;
  /** What it needs and the file does not hold. */
  readonly needs: readonly MissingPart[];
}

/** A file that holds evidence. */
export interface DetectedFile extends FileContents {
  readonly evidence: readonly DetectedEvidence[];
}

/**
 * Recognizes a file of evidence by its content and says what it is and what it still needs. Throws what
 * `readEvidenceFile` throws, and `EVIDENCE_FILE_NO_EVIDENCE` for collateral and logs alone.
 */
export function detectEvidence(bytes: Uint8Array, nowMs: number): DetectedFile {
  const contents = readEvidenceFile(bytes);
  const evidence = completeEvidence(contents, [], nowMs);
  return {
    ...contents,
    evidence: evidence.map(({ kind, label, missing }) => ({ kind, label, needs: missing })),
  };
}

function assembleAll(
  subjects: readonly Subject[],
  collateral: readonly Part[],
  nowMs: number,
): AssembledEvidence[] {
  return subjects.flatMap((subject) => assembleEvidence(subject, collateral, nowMs));
}

/** All evidence of a file, completed from `collateral`. Throws `EVIDENCE_FILE_NO_EVIDENCE` if there is none. */
export function completeEvidence(
  contents: FileContents,
  collateral: readonly Part[],
  nowMs: number,
): AssembledEvidence[] {
  const found = assembleAll(contents.subjects, collateral, nowMs);
  if (found.length === 0) {
    throw noEvidence(`this is collateral or a log (${contents.description}): give it with --collateral`);
  }
  return found;
}

/** The parts of a file that may complete other evidence: all of them but evidence that stands for itself. */
export function accompanyingParts(contents: FileContents): { parts: Part[]; ignored: number } {
  const all = contents.subjects.flatMap((subject) => subject.parts);
  const parts = all.filter(
    (part) => !isEvidencePart(part) || part.type === 'tpm-quote' || part.type === 'intel-quote',
  );
  return { parts, ignored: all.length - parts.length };
}
