import { equalBytes, toHex } from '@dcml/core';
import type { ClaimPlan, ClaimSheet } from './claim-sheet.ts';
import type { EvidenceKind } from './evidence.ts';
import type { EvidencePolicy } from './policy/policy.ts';
import type { ByteRange } from './verdict.ts';

export type CommonClaimName = 'kind_accepted' | 'platform_accepted' | 'report_data_bound';

/** First in every plan. */
export const kindClaimPlan: ClaimPlan<'kind_accepted'> = [['kind_accepted', 'verifier_derived']];

/** Last in every plan. */
export const commonClaimPlan: ClaimPlan<'platform_accepted' | 'report_data_bound'> = [
  ['platform_accepted', 'hardware_proven'],
  ['report_data_bound', 'hardware_proven'],
];

type Sheet<Name extends string> = Pick<ClaimSheet<Name>, 'check' | 'waive' | 'leaveOpen'>;

/** Judges whether the policy takes such evidence at all. */
export function appraiseKind(
  sheet: Sheet<'kind_accepted'>,
  kind: EvidenceKind,
  policy: EvidencePolicy,
): boolean {
  const problem = policy.kinds.includes(kind)
    ? undefined
    : `the policy accepts ${policy.kinds.join(', ')}, not ${kind}`;
  return sheet.check('kind_accepted', problem, `the policy accepts ${kind}`);
}

/** Judges which machine it is. `platformIds`: all that the evidence names, lowercase hex; none fits no allow list. */
export function appraisePlatform(
  sheet: Sheet<'platform_accepted'>,
  platformIds: readonly string[],
  { platforms }: EvidencePolicy,
): void {
  const denied = platformIds.find((id) => platforms.deny.includes(id));
  const { allow } = platforms;
  if (denied !== undefined) {
    sheet.check('platform_accepted', `the policy denies platform ${denied}`, '');
  } else if (allow === null) {
    sheet.waive('platform_accepted', 'the policy accepts any platform that it does not deny');
  } else {
    const strange = platformIds.find((id) => !allow.includes(id));
    const problem =
      platformIds.length === 0
        ? 'the evidence names no platform; the policy lists those that it accepts'
        : strange === undefined
          ? undefined
          : `platform ${strange} is not in the policy`;
    sheet.check('platform_accepted', problem, 'the platform is in the policy');
  }
}

/** Compares every byte of what the evidence binds. */
export function appraiseReportData(
  sheet: Sheet<'report_data_bound'>,
  actual: Uint8Array,
  expected: Uint8Array | undefined,
  bytes?: readonly ByteRange[],
): void {
  if (expected === undefined) {
    sheet.leaveOpen('report_data_bound', 'the caller did not say which report data it expects');
    return;
  }
  const problem = equalBytes(actual, expected)
    ? undefined
    : `report data is ${toHex(actual)}, expected ${toHex(expected)}`;
  sheet.check('report_data_bound', problem, `all ${expected.length} bytes are as expected`, bytes);
}
