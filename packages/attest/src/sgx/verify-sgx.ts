import { toHex } from '@dcml/core';
import { appraiseCompose } from '../appraise-compose.ts';
import { type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  appraiseReportData,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { authenticateIntel, type QuoteKind } from '../intel/authenticate-intel.ts';
import type { EvidencePolicy } from '../policy/policy.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import { appraiseEnclave } from './appraise-enclave.ts';
import { appraiseSgxTcb } from './appraise-tcb.ts';
import { type SgxClaimName, sgxClaimPlan } from './claims.ts';
import type { SgxEvidence } from './evidence.ts';
import type { SgxMeasurements } from './measurements.ts';
import { enclaveFieldRange, parseSgxQuote } from './parse-quote.ts';
import type { SgxQuote } from './quote.ts';

const sgxKind: QuoteKind<SgxQuote, 'SGX'> = {
  parse: parseSgxQuote,
  documentIds: { tcbInfo: 'SGX', qeIdentity: 'QE' },
  describe: () => 'SGX quote version 3',
};

type ClaimName = CommonClaimName | SgxClaimName | 'compose_accepted';

const plan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...sgxClaimPlan,
  ...commonClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

/** MRENCLAVE measures the whole application: who lists it asks for no compose. */
function appraiseApplication(sheet: ClaimSheet<ClaimName>, policy: EvidencePolicy): void {
  if (policy.intel.mrEnclaves === null) appraiseCompose(sheet, undefined, policy, []);
  else sheet.waive('compose_accepted', 'the policy lists the application by its MRENCLAVE');
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: SgxEvidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: SgxMeasurements | null; simulated: boolean }> {
  const { policy } = options;
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const { quote: bytes, collateral } = evidence;
  const { simulated, authentic } = await authenticateIntel(sheet, sgxKind, bytes, collateral, options);
  if (authentic === undefined) return { measured: null, simulated };
  const { body } = authentic.quote;
  const { pck } = authentic.platform;
  const tcb = appraiseSgxTcb(sheet, authentic, policy.intel);
  appraiseEnclave(sheet, body, policy.intel);
  appraisePlatform(sheet, [pck.ppid], policy);
  const reportDataAt = [enclaveFieldRange('reportData')];
  appraiseReportData(sheet, body.reportData, options.expectedReportData, reportDataAt);
  appraiseApplication(sheet, policy);
  const measured: SgxMeasurements = {
    kind: 'sgx',
    mrEnclave: toHex(body.mrEnclave),
    mrSigner: toHex(body.mrSigner),
    isvProdId: body.isvProdId,
    isvSvn: body.isvSvn,
    reportData: toHex(body.reportData),
    composeHash: null,
    tcbStatus: tcb?.status ?? null,
    advisories: tcb?.advisories ?? [],
    fmspc: pck.fmspc,
    platformId: pck.ppid,
  };
  return { measured, simulated };
}

/** Verifies an SGX quote. */
export async function verifySgx(
  evidence: SgxEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
