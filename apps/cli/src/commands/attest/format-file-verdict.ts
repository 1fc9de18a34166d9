import type { JsonObject, JsonValue } from '@dcml/core';
import type { FileVerdict, JudgedEvidence } from '@dcml/evidence-files';
import type { Output } from '../../program/command.ts';
import { formatOutcome, formatVerdict, verdictToJson } from '../../program/format-verdict.ts';
import { printable } from '../../program/output.ts';

/** What the command line said and the file turned out to be. */
export interface VerifiedFile {
  readonly file: string;
  readonly form: string;
  readonly policy: string;
  readonly nowMs: number;
  readonly verdict: FileVerdict;
  readonly steps: readonly string[];
}

function heading({ label, kind }: JudgedEvidence): string {
  return label === '' ? kind : `${label} (${kind})`;
}

/** Every check of every piece, the verdict on all, and what would decide what is open. */
export function formatFileVerdict(verified: VerifiedFile, output: Output): string {
  const { verdict, steps } = verified;
  const { judged, claims } = verdict;
  const pieces = judged.flatMap((one) => [
    '',
    output.bold(printable(heading(one))),
    formatVerdict(one.verdict, output),
  ]);
  const together = claims.length === 0 ? [] : ['', formatVerdict({ ...verdict, claims }, output)];
  const overall =
    judged.length > 1 && claims.length === 0 ? ['', `file     ${formatOutcome({ ...verdict }, output)}`] : [];
  const open =
    verdict.outcome === 'unknown'
      ? ['', `${output.yellow('NOT ACCEPTED')}: not everything could be checked.`]
      : [];
  return [
    `file     ${verified.file}`,
    `form     ${printable(verified.form)}`,
    `at       ${new Date(verified.nowMs).toISOString()}`,
    `policy   ${verified.policy}`,
    ...pieces,
    ...together,
    ...overall,
    ...open,
    ...(steps.length === 0 ? [] : ['', 'To decide what is open:']),
    ...steps.map((step) => `- ${printable(step)}`),
  ].join('\n');
}

/** The same as one JSON object. */
export function fileVerdictToJson(
  { file, form, policy, nowMs, verdict, steps }: VerifiedFile,
  plain: (value: unknown) => JsonValue,
): JsonObject {
  const evidence = verdict.judged.map((one) => ({
    kind: one.kind,
    label: one.label,
    ...verdictToJson(one.verdict),
    measured: one.verdict.measured === null ? null : plain(one.verdict.measured),
    missing: one.missing.map(({ what, from, isPublished }) => ({ what, from, published: isPublished })),
  }));
  return {
    file,
    form,
    at: new Date(nowMs).toISOString(),
    policy,
    ...verdictToJson(verdict),
    evidence,
    next: [...steps],
  };
}
