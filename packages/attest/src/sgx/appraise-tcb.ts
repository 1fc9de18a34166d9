import {
  appraiseQuotingEnclave,
  appraiseStatus,
  reachesPlatform,
  type TcbAppraisal,
} from '../intel/appraise-tcb.ts';
import type { AuthenticQuote } from '../intel/authenticate-intel.ts';
import type { IntelPolicy } from '../policy/intel-policy.ts';
import type { SgxSheet } from './claims.ts';
import type { SgxQuote } from './quote.ts';

/** Judges quoting enclave and platform, and their common status by the policy. */
export function appraiseSgxTcb(
  sheet: SgxSheet,
  { quote, platform, documents }: AuthenticQuote<SgxQuote, 'SGX'>,
  policy: IntelPolicy,
): TcbAppraisal | undefined {
  if (documents === undefined) return undefined;
  const qeLevel = appraiseQuotingEnclave(sheet, quote, documents.qeIdentity);
  // The first that the platform reaches; levels come best first.
  const level = documents.tcbInfo.levels.find((candidate) => reachesPlatform(platform.pck, candidate));
  const holds = sheet.check(
    'tcb_level',
    level === undefined ? 'the platform reaches no TCB level of its TCB info' : undefined,
    `the platform is at a level with status ${level?.status ?? ''}`,
    [quote.at.pckChain],
  );
  if (qeLevel === undefined || !holds || level === undefined) return undefined;
  return appraiseStatus(sheet, [level], [qeLevel], policy);
}
