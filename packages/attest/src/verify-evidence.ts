import { toHex } from '@dcml/core';
import { appraiseCompose } from './appraise-compose.ts';
import { AttestError } from './attest-error.ts';
import { attempt, type ClaimPlan, ClaimSheet } from './claim-sheet.ts';
import { appraiseDstack, type DstackClaimName, dstackClaimPlan } from './dstack/appraise.ts';
import type { Evidence } from './evidence.ts';
import type { EvidenceVerdict } from './evidence-verdict.ts';
import type { Measurements } from './measurements.ts';
import type { EvidencePolicy } from './policy.ts';
import { appraiseTcb } from './tdx/appraise-tcb.ts';
import { appraiseTd } from './tdx/appraise-td.ts';
import { authenticateDocuments } from './tdx/authenticate-documents.ts';
import { authenticatePlatform, parsePckChain } from './tdx/authenticate-platform.ts';
import { authenticateQuote } from './tdx/authenticate-quote.ts';
import { type TdxClaimName, tdxClaimPlan } from './tdx/claims.ts';
import { parseTdxQuote } from './tdx/parse-quote.ts';
import { isVendorRoot } from './vendor-roots.ts';
import { type Certificate, parseCertificate } from './x509/certificate.ts';
import { parsePemCertificates } from './x509/pem.ts';

type ClaimName = TdxClaimName | DstackClaimName | 'compose_accepted';

const tdxPlan: ClaimPlan<ClaimName> = [...tdxClaimPlan, ['compose_accepted', 'hardware_proven']];
const dstackPlan: ClaimPlan<ClaimName> = [
  ...tdxClaimPlan,
  ...dstackClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

export interface VerifyEvidenceOptions {
  readonly policy: EvidencePolicy;
  /** All 64 bytes; without it `report_data_bound`, and so the verdict, stays unknown. */
  readonly expectedReportData?: Uint8Array;
  /** Lowercase hex, read from the chain by the caller; counts only if the policy takes it. */
  readonly registeredComposeHashes?: readonly string[];
  /** The moment at which everything must be valid. */
  readonly nowMs: number;
}

function trustedRoots(policy: EvidencePolicy): Certificate[] {
  return policy.roots.map(({ name, certificatePem }) => {
    const parsed = attempt(() =>
      parsePemCertificates(certificatePem, name, 1).map((der) => parseCertificate(der, name)),
    );
    const root = parsed.value?.[0];
    if (root === undefined) {
      const problem = parsed.value === undefined ? parsed.problem : 'no certificate';
      throw new AttestError('ATTEST_POLICY', `policy root ${JSON.stringify(name)}: ${problem}`);
    }
    return root;
  });
}

async function verifyTdx(
  sheet: ClaimSheet<ClaimName>,
  evidence: Evidence,
  options: VerifyEvidenceOptions,
): Promise<{ measured: Measurements | null; simulated: boolean }> {
  const { policy, nowMs } = options;
  const roots = trustedRoots(policy);
  const parsed = attempt(() => {
    // A copy: nobody can change the bytes between two checks.
    const quote = parseTdxQuote(Uint8Array.from(evidence.quote));
    return { quote, chain: parsePckChain(quote.pckChainPem) };
  });
  const problem = parsed.value === undefined ? parsed.problem : undefined;
  const isReadable = sheet.check('quote_format', problem, 'TDX quote version 4 with its PCK chain');
  if (!isReadable || parsed.value === undefined) return { measured: null, simulated: true };
  const { quote, chain } = parsed.value;
  const simulated = !isVendorRoot(chain[2].der);

  const { collateral } = evidence;
  const platform = await authenticatePlatform(sheet, chain, collateral, roots, nowMs);
  if (platform === undefined) return { measured: null, simulated };
  if (!(await authenticateQuote(sheet, quote, platform.pckCertificate))) return { measured: null, simulated };

  const minimum = policy.minTcbEvaluationDataNumber ?? 0;
  const documents = await authenticateDocuments(sheet, platform, collateral, minimum, nowMs);
  const tcb =
    documents === undefined ? undefined : appraiseTcb(sheet, quote, platform.pck, documents, policy);
  appraiseTd(sheet, quote.body, policy, options.expectedReportData);
  const composeHash =
    evidence.kind === 'dstack-tdx' ? appraiseDstack(sheet, evidence, quote.body) : undefined;
  appraiseCompose(sheet, composeHash, policy, options.registeredComposeHashes ?? []);
  const measured: Measurements = {
    mrTd: toHex(quote.body.mrTd),
    rtmrs: quote.body.rtmrs.map((rtmr) => toHex(rtmr)),
    reportData: toHex(quote.body.reportData),
    composeHash: composeHash ?? null,
    tcbStatus: tcb?.status ?? null,
    advisories: tcb?.advisories ?? [],
    fmspc: platform.pck.fmspc,
    platformId: platform.pck.ppid,
  };
  return { measured, simulated };
}

/**
 * Verifies evidence offline: authenticity up to a root of the policy, freshness at `nowMs`, TCB status, and what the
 * policy asks of the guest. A refusal is a failed claim with its reason, never an exception. Evidence under a root
 * that is no hardware vendor's is `simulated` and proves nothing about hardware, whatever the policy accepts.
 * Throws `ATTEST_POLICY` on a policy whose roots cannot be read and `ATTEST_NO_WEBCRYPTO`.
 */
export async function verifyEvidence(
  evidence: Evidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(evidence.kind === 'dstack-tdx' ? dstackPlan : tdxPlan);
  const { measured, simulated } = await verifyTdx(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
