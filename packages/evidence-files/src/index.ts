export type { AssembledEvidence } from './assemble/assemble-evidence.ts';
export { fmspcOf, quoteCertificates } from './assemble/intel.ts';
export type { MissingPart } from './assemble/missing-part.ts';
export * from './detect-evidence.ts';
export { EvidenceFileError, evidenceFilesErrors } from './evidence-files-error.ts';
export * from './expected-report-data.ts';
export * from './judge-evidence.ts';
export * from './part.ts';
export * from './read-file.ts';
