import { sha256, toHex } from '@dcml/core';
import { appraiseCompose } from '../appraise-compose.ts';
import { attempt, type ClaimPlan, ClaimSheet } from '../claim-sheet.ts';
import {
  appraiseKind,
  appraisePlatform,
  appraiseReportData,
  type CommonClaimName,
  commonClaimPlan,
  kindClaimPlan,
} from '../common-claims.ts';
import type { EvidenceVerdict } from '../evidence-verdict.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import type { PublicKey } from '../x509/public-key.ts';
import { authenticateAk, parseAkChain } from './authenticate-ak.ts';
import {
  type AkClaimName,
  akClaimPlan,
  type TpmQuoteClaimName,
  tpmFormatPlan,
  tpmQuotePlan,
} from './claims.ts';
import type { TpmEvidence } from './evidence.ts';
import { judgeTpmQuote } from './judge-quote.ts';
import type { TpmMeasurements } from './measurements.ts';
import { parseTpmQuote } from './parse-quote.ts';

type ClaimName = CommonClaimName | AkClaimName | TpmQuoteClaimName | 'compose_accepted';

const plan: ClaimPlan<ClaimName> = [
  ...kindClaimPlan,
  ...tpmFormatPlan,
  ...akClaimPlan,
  ...tpmQuotePlan,
  ...commonClaimPlan,
  ['compose_accepted', 'hardware_proven'],
];

/** Names a TPM by its attestation key: nothing else in a quote does. */
function platformIdOf(key: PublicKey): string {
  return toHex(sha256(key.type === 'ec' ? key.point : key.spki));
}

async function judge(
  sheet: ClaimSheet<ClaimName>,
  evidence: TpmEvidence,
  { policy, nowMs, expectedReportData, registeredComposeHashes }: VerifyEvidenceOptions,
): Promise<{ measured: TpmMeasurements | null; simulated: boolean }> {
  if (!appraiseKind(sheet, evidence.kind, policy)) return { measured: null, simulated: true };
  const roots = policyRoots(policy, 'tpm');
  const parsed = attempt(() => ({
    quote: parseTpmQuote(evidence.quote),
    chain: parseAkChain(evidence.akChainPem),
  }));
  sheet.check('tpm_quote_format', parsed.problem, 'a TPM 2.0 quote with the chain of its key');
  if (parsed.value === undefined) return { measured: null, simulated: true };
  const { quote, chain } = parsed.value;
  const root = chain.at(-1);
  const simulated = root === undefined || !isVendorRoot(root.der, 'tpm');

  const ak = await authenticateAk(sheet, chain, evidence.crlsHex, roots, nowMs);
  if (ak === undefined) return { measured: null, simulated };
  const tpm = await judgeTpmQuote(sheet, quote, ak.publicKey, evidence.eventLog, policy.tpm);
  if (tpm === undefined) return { measured: null, simulated };
  const platformId = platformIdOf(ak.publicKey);
  const { extraData, extraDataOffset } = quote.attest;
  appraisePlatform(sheet, [platformId], policy);
  appraiseReportData(sheet, extraData, expectedReportData, [
    { part: 'quote.message', offset: extraDataOffset, length: extraData.length },
  ]);
  // A quote proves no application: a policy that asks for one stays unanswered.
  appraiseCompose(sheet, undefined, policy, registeredComposeHashes ?? []);
  return {
    measured: { kind: 'tpm', platformId, reportData: toHex(extraData), composeHash: null, tpm },
    simulated,
  };
}

/** Verifies a TPM 2.0 quote under the certificate of its attestation key. */
export async function verifyTpm(
  evidence: TpmEvidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  const sheet = new ClaimSheet<ClaimName>(plan);
  const { measured, simulated } = await judge(sheet, evidence, options);
  return { ...sheet.conclude(simulated), measured };
}
