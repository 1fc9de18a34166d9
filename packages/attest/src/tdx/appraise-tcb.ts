import type { TcbStatus } from '../policy/intel-policy.ts';
import type { EvidencePolicy } from '../policy/policy.ts';
import type { AuthenticDocuments } from './authenticate-documents.ts';
import type { TdxSheet } from './claims.ts';
import { convergeStatus, findTcbLevel, matchModule } from './match-tcb.ts';
import { qeMismatch } from './qe-identity.ts';
import type { TdxQuote } from './quote.ts';
import type { PckIdentity } from './sgx-extension.ts';
import { findSvnLevel } from './signed-document.ts';

/** What Intel's collateral says about the platform of an authentic quote. */
export interface TcbAppraisal {
  readonly status: TcbStatus;
  readonly advisories: readonly string[];
}

/** Judges quoting enclave, TDX module and platform, and their common status by the policy. */
export function appraiseTcb(
  sheet: TdxSheet,
  quote: TdxQuote,
  pck: PckIdentity,
  documents: AuthenticDocuments,
  policy: EvidencePolicy,
): TcbAppraisal | undefined {
  const { tcbInfo, qeIdentity } = documents;
  const { qeReport, body } = quote;
  const mismatch = qeMismatch(qeReport, qeIdentity);
  const qeLevel = findSvnLevel(qeIdentity.levels, qeReport.isvSvn);
  const qeProblem =
    mismatch !== undefined
      ? `the quoting enclave has another ${mismatch} than its signed identity`
      : qeLevel === undefined
        ? `quoting enclave with SVN ${qeReport.isvSvn} reaches no TCB level`
        : undefined;
  sheet.check('qe_trusted', qeProblem, `quoting enclave matches its signed identity, SVN ${qeReport.isvSvn}`);
  const module = matchModule(body, tcbInfo);
  sheet.check(
    'tdx_module',
    module.problem,
    module.problem === undefined ? `TDX module matches its signed identity ${module.id}` : '',
  );
  const level = findTcbLevel(pck, body, tcbInfo.levels);
  const levelProblem = level === undefined ? 'the platform reaches no TCB level of its TCB info' : undefined;
  sheet.check('tcb_level', levelProblem, `the platform is at a level with status ${level?.status ?? ''}`);
  if (
    qeProblem !== undefined ||
    qeLevel === undefined ||
    module.problem !== undefined ||
    level === undefined
  ) {
    return undefined;
  }

  const parts = module.level === undefined ? [qeLevel] : [qeLevel, module.level];
  const status = convergeStatus(
    level.status,
    parts.map((part) => part.status),
  );
  const advisories = [...new Set([level, ...parts].flatMap((part) => part.advisories))];
  const statusOk = status !== 'Revoked' && policy.intel.allowedTcbStatuses.includes(status);
  sheet.check(
    'tcb_status_accepted',
    statusOk
      ? undefined
      : `TCB status is ${status}; the policy accepts ${policy.intel.allowedTcbStatuses.join(', ')}`,
    `TCB status is ${status}`,
  );
  const refused = advisories.filter((advisory) => !policy.intel.allowedAdvisories.includes(advisory));
  sheet.check(
    'advisories_accepted',
    refused.length === 0 ? undefined : `open advisories: ${refused.join(', ')}`,
    advisories.length === 0 ? 'no advisory is open' : `the policy accepts ${advisories.join(', ')}`,
  );
  return { status, advisories };
}
