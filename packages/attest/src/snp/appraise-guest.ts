import { toHex } from '@dcml/core';
import type { AmdPolicy } from '../policy/amd-policy.ts';
import type { SnpSheet } from './claims.ts';
import type { Endorsement } from './endorsement.ts';
import { productNames } from './product.ts';
import type { SnpReport } from './report.ts';

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const isOnes = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0xff);

function guestPolicyProblem(report: SnpReport, policy: AmdPolicy): string | undefined {
  const guest = report.policy;
  if (guest.allowsDebug) return 'the guest is open to debugging';
  const hasAgent = !isOnes(report.migrationAgentReportId) && !isZero(report.migrationAgentReportId);
  if (hasAgent && !guest.allowsMigrationAgent)
    return 'the guest has a migration agent against its own policy';
  if (guest.allowsMigrationAgent && !policy.allowMigrationAgent)
    return 'a migration agent may move the guest';
  if (guest.allowsSmt && !policy.allowSmt) return 'the guest may share its cores with others (SMT)';
  return undefined;
}

/** The ABI leaves the author key digest zero unless a key of an author certified the id key. */
function authorKeyProblem({ hasAuthorKey, authorKeyDigest, idKeyDigest }: SnpReport): string | undefined {
  if (!hasAuthorKey)
    return isZero(authorKeyDigest) ? undefined : 'an author key digest without an author key';
  if (isZero(authorKeyDigest)) return 'an author key without its digest';
  return isZero(idKeyDigest) ? 'an author key without an id key' : undefined;
}

function checkList(
  sheet: SnpSheet,
  claim: 'launch_digest_accepted' | 'host_data_accepted',
  what: string,
  value: Uint8Array,
  offset: number,
  accepted: readonly string[] | null,
): void {
  const text = toHex(value);
  if (accepted === null) {
    sheet.waive(claim, `the policy accepts any ${what}; it is ${text}`);
    return;
  }
  const problem = accepted.includes(text) ? undefined : `${what} ${text} is not in the policy`;
  sheet.check(claim, problem, `the ${what} is in the policy`, [
    { part: 'report', offset, length: value.length },
  ]);
}

/** Judges product, key and guest of an authentic report. */
export function appraiseGuest(
  sheet: SnpSheet,
  report: SnpReport,
  { product, kind }: Endorsement,
  policy: AmdPolicy,
): void {
  sheet.check(
    'product_accepted',
    policy.products.includes(product)
      ? undefined
      : `the policy accepts ${policy.products.join(', ')}, not ${product}`,
    `the policy accepts ${productNames[product]}`,
  );
  sheet.check(
    'endorsement_accepted',
    policy.endorsements.includes(kind)
      ? undefined
      : `the policy accepts ${policy.endorsements.join(', ')}, not ${kind}`,
    `the policy accepts reports under a ${kind.toUpperCase()}`,
  );
  sheet.check(
    'guest_policy',
    guestPolicyProblem(report, policy),
    'no debugging, nothing that the policy bars',
    [{ part: 'report', offset: 0x08, length: 8 }],
  );
  sheet.check(
    'vmpl_accepted',
    report.vmpl <= policy.maxVmpl
      ? undefined
      : `the report was asked for at VMPL ${report.vmpl}; the policy accepts up to ${policy.maxVmpl}`,
    `the report was asked for at VMPL ${report.vmpl}`,
    [{ part: 'report', offset: 0x30, length: 4 }],
  );
  sheet.check('author_key', authorKeyProblem(report), 'id key and author key digests are consistent', [
    { part: 'report', offset: 0xe0, length: 96 },
  ]);
  checkList(sheet, 'launch_digest_accepted', 'launch digest', report.measurement, 0x90, policy.launchDigests);
  checkList(sheet, 'host_data_accepted', 'host data', report.hostData, 0xc0, policy.hostData);
}
