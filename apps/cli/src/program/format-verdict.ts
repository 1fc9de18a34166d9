import type { Claim, Verdict } from '@dcml/attest';
import type { JsonObject } from '@dcml/core';
import type { Output } from './command.ts';
import { printable } from './output.ts';

function mark({ outcome, optional }: Claim, { green, red, yellow, dim }: Output): string {
  if (outcome === 'pass') return green('pass   ');
  if (outcome === 'fail') return red('FAIL   ');
  return optional === true ? dim('unknown') : yellow('UNKNOWN');
}

/** The outcome in one word, with SIMULATED wherever the evidence is no hardware's. */
export function formatOutcome({ outcome, simulated }: Verdict, { bold, green, red, yellow }: Output): string {
  const colour = { pass: green, fail: red, unknown: yellow }[outcome];
  return `${colour(outcome)}${simulated ? ` ${bold('SIMULATED')}` : ''}`;
}

/** Every check on its own line: outcome, name, source, reason; then the verdict. */
export function formatVerdict(verdict: Verdict, output: Output): string {
  const width = Math.max(4, ...verdict.claims.map((claim) => claim.name.length));
  const lines = verdict.claims.map((claim) => {
    const name = claim.name.padEnd(width);
    const reason = printable(claim.reason).replaceAll('\n', ' ');
    return `${mark(claim, output)}  ${name}  ${output.dim(claim.source.padEnd(17))}  ${reason}`;
  });
  return [...lines, '', `verdict  ${formatOutcome(verdict, output)}`].join('\n');
}

function claimToJson({ bytes, ...claim }: Claim): JsonObject {
  return { ...claim, ...(bytes && { bytes: bytes.map((range) => ({ ...range })) }) };
}

export function verdictToJson({ outcome, simulated, claims }: Verdict): JsonObject {
  return { outcome, simulated, claims: claims.map(claimToJson) };
}
