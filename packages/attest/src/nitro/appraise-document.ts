import { toHex } from '@dcml/core';
import type { NitroPolicy } from '../policy/measured-boot-policy.ts';
import { formatTime } from '../x509/chain.ts';
import type { NitroSheet } from './claims.ts';
import type { NitroDocument } from './parse-document.ts';

/** How far the hypervisor's clock may be ahead of the verifier's. */
const MAX_CLOCK_LEAD_MS = 60_000;
/** Enclave image, kernel with boot ramdisk, application: all three are zero under debug. */
const IMAGE_PCRS: readonly number[] = [0, 1, 2];

function ageProblem(timestampMs: number, nowMs: number, maxAgeSeconds: number): string | undefined {
  const ageMs = nowMs - timestampMs;
  // A number beyond the range of dates cannot be formatted.
  const when = timestampMs <= 8.64e15 ? formatTime(timestampMs) : `${timestampMs} ms`;
  if (ageMs < -MAX_CLOCK_LEAD_MS) return `document is of the future: ${when}, now is ${formatTime(nowMs)}`;
  if (ageMs > maxAgeSeconds * 1000) {
    return `document is of ${when}, which is more than ${maxAgeSeconds} seconds ago`;
  }
  return undefined;
}

function debugProblem(pcrs: NitroDocument['pcrs']): string | undefined {
  for (const index of IMAGE_PCRS) {
    const value = pcrs.get(index);
    if (value === undefined) return `PCR${index} is missing`;
    if (value.every((byte) => byte === 0)) return `PCR${index} is zero: the enclave runs under debug`;
  }
  return undefined;
}

function appraisePcrs(sheet: NitroSheet, pcrs: NitroDocument['pcrs'], policy: NitroPolicy): boolean {
  const rules = Object.entries(policy.pcrs ?? {});
  if (rules.length === 0) {
    sheet.waive('pcrs_accepted', 'the policy accepts any enclave image');
    return false;
  }
  const wrong = rules.find(([index, accepted]) => {
    const value = pcrs.get(Number(index));
    return value === undefined || !accepted.includes(toHex(value));
  });
  const shown = wrong === undefined ? undefined : pcrs.get(Number(wrong[0]));
  const problem =
    wrong === undefined
      ? undefined
      : shown === undefined
        ? `PCR${wrong[0]} is missing; the policy asks for it`
        : `PCR${wrong[0]} ${toHex(shown)} is not in the policy`;
  const names = rules.map(([index]) => `PCR${index}`).join(', ');
  return sheet.check('pcrs_accepted', problem, `${names} as the policy accepts`);
}

/**
 * Judges an authentic document: its age, that the enclave is not under debug, its registers. True if the policy pins the
 * whole image (PCR0) and this is it.
 */
export function appraiseDocument(
  sheet: NitroSheet,
  document: NitroDocument,
  policy: NitroPolicy,
  maxAgeSeconds: number,
  nowMs: number,
): boolean {
  const stale = ageProblem(document.timestampMs, nowMs, maxAgeSeconds);
  sheet.check('document_fresh', stale, `document is at most ${maxAgeSeconds} seconds old`, [
    { part: 'document', offset: document.timestampOffset, length: 9 },
  ]);
  sheet.check('not_debug', debugProblem(document.pcrs), 'PCR0, PCR1 and PCR2 measure an image');
  const accepted = appraisePcrs(sheet, document.pcrs, policy);
  return accepted && policy.pcrs?.['0'] !== undefined;
}
