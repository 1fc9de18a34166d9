import { appraiseQuotingEnclave, appraiseStatus, type TcbAppraisal } from '../intel/appraise-tcb.ts';
import type { AuthenticQuote } from '../intel/authenticate-intel.ts';
import type { IntelPolicy } from '../policy/intel-policy.ts';
import type { ByteRange } from '../verdict.ts';
import type { TdxSheet } from './claims.ts';
import { findTcbLevel, matchModule, teeTcbSvns } from './match-tcb.ts';
import { tdFieldRange } from './parse-quote.ts';
import type { TdxQuote } from './quote.ts';

function svnRanges(quote: TdxQuote): ByteRange[] {
  const launch = tdFieldRange(quote, 'teeTcbSvn');
  return quote.body.teeTcbSvn2 === undefined ? [launch] : [launch, tdFieldRange(quote, 'teeTcbSvn2')];
}

/** Judges quoting enclave, TDX module and platform, and their common status by the policy. */
export function appraiseTdxTcb(
  sheet: TdxSheet,
  { quote, platform, documents }: AuthenticQuote<TdxQuote, 'TDX'>,
  policy: IntelPolicy,
): TcbAppraisal | undefined {
  if (documents === undefined) return undefined;
  const { body } = quote;
  const { tcbInfo, qeIdentity } = documents;
  const ranges = svnRanges(quote);
  const qeLevel = appraiseQuotingEnclave(sheet, quote, qeIdentity);

  const modules = teeTcbSvns(body).map((svn) => matchModule(body, svn, tcbInfo));
  const moduleProblem = modules.find((module) => module.problem !== undefined)?.problem;
  const ids = modules.flatMap((module) => (module.problem === undefined ? [module.id] : []));
  const moduleHolds = sheet.check(
    'tdx_module',
    moduleProblem,
    `TDX module matches its signed identity ${[...new Set(ids)].join(', ')}`,
    [...ranges, tdFieldRange(quote, 'mrSignerSeam'), tdFieldRange(quote, 'seamAttributes')],
  );

  const found = teeTcbSvns(body).map((svn) => findTcbLevel(platform.pck, svn, tcbInfo.levels));
  const levels = found.filter((level) => level !== undefined);
  const missing = levels.length < found.length;
  const levelHolds = sheet.check(
    'tcb_level',
    missing ? 'the platform reaches no TCB level of its TCB info' : undefined,
    `the platform is at a level with status ${levels.map((level) => level.status).join(', ')}`,
    ranges,
  );
  if (qeLevel === undefined || !moduleHolds || !levelHolds) return undefined;
  const moduleLevels = modules.flatMap((module) =>
    module.problem === undefined && module.level !== undefined ? [module.level] : [],
  );
  return appraiseStatus(sheet, levels, [qeLevel, ...moduleLevels], policy);
}
