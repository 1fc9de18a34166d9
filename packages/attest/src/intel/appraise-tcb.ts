import type { IntelPolicy, TcbStatus } from '../policy/intel-policy.ts';
import type { IntelSheet } from './claims.ts';
import { convergeStatus } from './converge-status.ts';
import { type QeIdentity, qeMismatch } from './qe-identity.ts';
import type { QuoteSignature } from './quote-signature.ts';
import type { PckIdentity } from './sgx-extension.ts';
import { findSvnLevel, type SvnLevel } from './signed-document.ts';
import type { TcbLevel } from './tcb-info.ts';

/** What Intel's collateral says about the platform of an authentic quote. */
export interface TcbAppraisal {
  readonly status: TcbStatus;
  readonly advisories: readonly string[];
}

/** Judges the quoting enclave against its signed identity. Undefined unless it is trusted. */
export function appraiseQuotingEnclave(
  sheet: IntelSheet,
  { qeReport, at }: QuoteSignature,
  identity: QeIdentity,
): SvnLevel | undefined {
  const { isvSvn } = qeReport;
  const mismatch = qeMismatch(qeReport, identity);
  const level = findSvnLevel(identity.levels, isvSvn);
  const problem =
    mismatch !== undefined
      ? `the quoting enclave has another ${mismatch} than its signed identity`
      : level === undefined
        ? `quoting enclave with SVN ${isvSvn} reaches no TCB level`
        : undefined;
  const reason = `quoting enclave matches its signed identity, SVN ${isvSvn}`;
  return sheet.check('qe_trusted', problem, reason, [at.qeReport]) ? level : undefined;
}

/** True if every SVN from index `from` on is at least the required one. */
export function reaches(svns: ArrayLike<number>, required: readonly number[], from = 0): boolean {
  return required.every((svn, i) => i < from || (svns[i] ?? 0) >= svn);
}

/** True if the platform has at least the SGX components and the PCESVN of a level. */
export function reachesPlatform(pck: PckIdentity, level: TcbLevel): boolean {
  return reaches(pck.components, level.sgxComponents) && pck.pceSvn >= level.pceSvn;
}

/** Judges the common status of platform levels and parts (quoting enclave, TDX module) by the policy. */
export function appraiseStatus(
  sheet: IntelSheet,
  levels: readonly TcbLevel[],
  parts: readonly SvnLevel[],
  policy: IntelPolicy,
): TcbAppraisal {
  const status = convergeStatus(
    levels.map((level) => level.status),
    parts.map((part) => part.status),
  );
  const advisories = [...new Set([...levels, ...parts].flatMap((part) => part.advisories))];
  const isAccepted = status !== 'Revoked' && policy.allowedTcbStatuses.includes(status);
  const accepted = policy.allowedTcbStatuses.join(', ');
  sheet.check(
    'tcb_status_accepted',
    isAccepted ? undefined : `TCB status is ${status}; the policy accepts ${accepted}`,
    `TCB status is ${status}`,
  );
  const refused = advisories.filter((advisory) => !policy.allowedAdvisories.includes(advisory));
  sheet.check(
    'advisories_accepted',
    refused.length === 0 ? undefined : `open advisories: ${refused.join(', ')}`,
    advisories.length === 0 ? 'no advisory is open' : `the policy accepts ${advisories.join(', ')}`,
  );
  return { status, advisories };
}
