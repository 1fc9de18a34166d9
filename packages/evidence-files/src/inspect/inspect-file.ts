import type { JsonObject } from '@dcml/core';
import { assembleEvidence } from '../assemble/assemble-evidence.ts';
import type { FileContents } from '../part.ts';
import { inspectPart } from './inspect-part.ts';

/** Everything in a file that is known, as one JSON object that says that nothing of it is verified. */
export function inspectFile(contents: FileContents, nowMs: number): JsonObject {
  return {
    unverified: true,
    form: contents.description,
    subjects: contents.subjects.map((subject) => ({
      label: subject.label,
      evidence: assembleEvidence(subject, [], nowMs).map(({ kind, missing }) => ({
        kind,
        needs: missing.map(({ what }) => what),
      })),
      parts: subject.parts.map(inspectPart),
    })),
  };
}
