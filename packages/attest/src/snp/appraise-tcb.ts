import { attempt } from '../claim-sheet.ts';
import type { AmdPolicy, AmdProduct, AmdTcb } from '../policy/amd-policy.ts';
import type { SnpSheet } from './claims.ts';
import { tcbOffsets } from './parse-report.ts';
import { productNames } from './product.ts';
import type { FirmwareVersion, SnpReport } from './report.ts';
import { decodeTcb, formatTcb, reachesTcb } from './tcb.ts';

/** The TCB versions of a report, as laid out on its product. */
export interface SnpTcbs {
  /** What runs; ahead of `committed` while an update can still be taken back. */
  readonly current: AmdTcb;
  /** What the host chose to report, and the signing key is made of. */
  readonly reported: AmdTcb;
  /** What the platform can no longer go back behind. */
  readonly committed: AmdTcb;
  /** What ran when the guest was launched. */
  readonly launch: AmdTcb;
}

/** Throws `ATTEST_FORMAT` if a reserved byte is set. */
function decodeTcbs(report: SnpReport, product: AmdProduct): SnpTcbs {
  const decode = (raw: Uint8Array, name: keyof SnpTcbs): AmdTcb =>
    decodeTcb(raw, product, `${name} TCB`, tcbOffsets[name]);
  return {
    current: decode(report.currentTcb, 'current'),
    reported: decode(report.reportedTcb, 'reported'),
    committed: decode(report.committedTcb, 'committed'),
    launch: decode(report.launchTcb, 'launch'),
  };
}

function order({ major, minor, build }: FirmwareVersion): number {
  return (major * 256 + minor) * 256 + build;
}

function orderProblem(report: SnpReport, tcbs: SnpTcbs): string | undefined {
  if (!reachesTcb(tcbs.committed, tcbs.reported)) return 'the reported TCB is ahead of the committed one';
  if (!reachesTcb(tcbs.current, tcbs.committed)) return 'the committed TCB is ahead of the current one';
  if (order(report.committedVersion) > order(report.currentVersion)) {
    return 'the committed firmware version is ahead of the current one';
  }
  return undefined;
}

/** Judges the patch level: what firmware guarantees of its own versions, and the least that the policy takes. */
export function appraiseTcb(
  sheet: SnpSheet,
  report: SnpReport,
  product: AmdProduct,
  policy: AmdPolicy,
): SnpTcbs | undefined {
  const decoded = attempt(() => decodeTcbs(report, product));
  const problem = decoded.problem ?? orderProblem(report, decoded.value);
  const holds = sheet.check('tcb_order', problem, 'reported, committed and current TCB are in order');
  if (!holds || decoded.value === undefined) return undefined;
  const tcbs = decoded.value;
  const least = policy.minTcb[product];
  if (least === undefined) {
    sheet.waive('tcb_accepted', `the policy accepts any TCB of ${productNames[product]}`);
    return tcbs;
  }
  // The committed TCB is at least the reported one. The launch TCB counts too: a guest that old firmware launched may
  // have been tampered with before the update.
  const behind = (['reported', 'launch'] as const).find((name) => !reachesTcb(tcbs[name], least));
  sheet.check(
    'tcb_accepted',
    behind === undefined
      ? undefined
      : `${behind} TCB is ${formatTcb(tcbs[behind])}; the policy asks for ${formatTcb(least)}`,
    `reported, committed and launch TCB reach ${formatTcb(least)}`,
  );
  return tcbs;
}
