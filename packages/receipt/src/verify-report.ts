import {
  AttestError,
  type Claim,
  concludeVerdict,
  type EvidencePolicy,
  type EvidenceVerdict,
  type IntelCollateral,
  type Verdict,
  verifyEvidence,
} from '@dcml/attest';
import { type DigestText, encodeUtf8, equalBytes, fromHex, sha256, toHex } from '@dcml/core';
import { claim, compared, optional } from './claims.ts';
import { dstackEvidenceOf } from './dstack-evidence.ts';
import { keysetDigest, type WorkloadKeyset } from './keyset.ts';
import { keysetClaims } from './keyset-claims.ts';
import { type MeasuredConfiguration, parseMeasuredConfiguration } from './measured-configuration.ts';
import { provenanceClaims } from './provenance-claims.ts';
import type { AttestationReport } from './report.ts';
import { attestationStatement, reportData } from './statement.ts';

export interface VerifyReportOptions {
  /** What the verifier sent: 64 hex digits. Null for an unchallenged report, whose freshness stays `unknown`. */
  readonly nonce: string | null;
  readonly nowMs: number;
  readonly policy: EvidencePolicy;
  readonly collateral: IntelCollateral;
  /** Lowercase hex, read from the chain by the caller. */
  readonly registeredComposeHashes?: readonly string[];
}

/** What a passed report establishes: everything later is checked against this. */
export interface EstablishedWorkload {
  readonly keyset: WorkloadKeyset;
  readonly keysetDigest: DigestText;
  readonly configuration: MeasuredConfiguration;
  /** Lowercase hex. */
  readonly composeHash: string;
  readonly simulated: boolean;
}

export interface ReportVerdict extends Verdict {
  /** Null unless the outcome is `pass`. */
  readonly established: EstablishedWorkload | null;
}

/** aci/1 section 9.1, check 2: recomputed from the keyset that will be used, whatever the report restates. */
function bindingClaims(
  report: AttestationReport,
  nonce: string | null,
): { claims: Claim[]; slot: Uint8Array } {
  const digest = keysetDigest(report.keyset);
  const slot = reportData(attestationStatement(digest, nonce));
  const stated = fromHex(report.reportData, 'report_data', 32);
  return {
    slot,
    claims: [
      compared(
        'keyset_digest',
        digest === report.keysetDigest,
        `the keyset hashes to ${digest}`,
        `the keyset hashes to ${digest}, the report says ${report.keysetDigest}`,
      ),
      compared(
        'report_data_stated',
        equalBytes(stated, slot.subarray(0, 32)),
        'report_data is the statement over keyset and nonce',
        'report_data is not the statement over this keyset and nonce',
      ),
      nonce === null
        ? claim('nonce_fresh', 'unknown', 'no nonce was sent: the report may be old')
        : claim('nonce_fresh', 'pass', 'the evidence must cover the nonce that was sent'),
    ],
  };
}

interface EvidenceResult {
  readonly claims: readonly Claim[];
  readonly simulated: boolean;
  /** The compose text, only when the evidence proves it to be the measured one. */
  readonly measuredCompose: string | null;
  /** Its SHA-256, lowercase hex. */
  readonly composeHash: string | null;
}

async function evidenceResult(
  report: AttestationReport,
  slot: Uint8Array,
  options: VerifyReportOptions,
): Promise<EvidenceResult> {
  try {
    const evidence = dstackEvidenceOf(report, options.collateral);
    const verdict: EvidenceVerdict = await verifyEvidence(evidence, {
      policy: options.policy,
      expectedReportData: slot,
      nowMs: options.nowMs,
      ...(options.registeredComposeHashes && { registeredComposeHashes: options.registeredComposeHashes }),
    });
    const composeHash = toHex(sha256(encodeUtf8(evidence.appCompose)));
    const isMeasured = verdict.outcome !== 'fail' && verdict.measured?.composeHash === composeHash;
    return {
      claims: verdict.claims,
      simulated: verdict.simulated,
      measuredCompose: isMeasured ? evidence.appCompose : null,
      composeHash: isMeasured ? composeHash : null,
    };
  } catch (error) {
    // A policy or a platform that cannot work is the caller's to mend; anything else is the evidence's fault.
    if (error instanceof AttestError) throw error;
    const reason = error instanceof Error ? error.message : 'the evidence cannot be read';
    const unreadable = claim('evidence_readable', 'fail', reason);
    return { claims: [unreadable], simulated: true, measuredCompose: null, composeHash: null };
  }
}

function configurationOf(compose: string | null): {
  configuration: MeasuredConfiguration | null;
  claims: Claim[];
} {
  const name = 'measured_configuration';
  if (compose === null) {
    return {
      configuration: null,
      claims: [claim(name, 'unknown', 'the compose is not proven to be measured')],
    };
  }
  try {
    const configuration = parseMeasuredConfiguration(compose);
    const chain = `chain ${configuration.chainId}, ${configuration.models.length} model(s)`;
    const chainView =
      configuration.chainView === 'verifier_derived'
        ? claim('chain_view', 'pass', 'the enclave verifies the chain itself')
        : optional(
            claim(
              'chain_view',
              'unknown',
              'the enclave believes its operator about the chain',
              'operator_asserted',
            ),
          );
    return { configuration, claims: [claim(name, 'pass', chain), chainView] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    return { configuration: null, claims: [claim(name, 'fail', reason)] };
  }
}

/**
 * Establishes a workload (aci/1 section 9.1, all checks but the channel's): evidence under the policy, the keyset bound
 * to it with the nonce, expiry, measured configuration, provenance. Never throws on what the report says; throws
 * `RECEIPT_NONCE` for a malformed nonce of the caller, and `ATTEST_POLICY`, `ATTEST_NO_WEBCRYPTO`.
 */
export async function verifyReport(
  report: AttestationReport,
  options: VerifyReportOptions,
): Promise<ReportVerdict> {
  const binding = bindingClaims(report, options.nonce);
  const evidence = await evidenceResult(report, binding.slot, options);
  const { configuration, claims: configurationClaims } = configurationOf(evidence.measuredCompose);
  const { composeHash } = evidence;
  const verdict = concludeVerdict(
    [
      ...evidence.claims,
      ...binding.claims,
      ...keysetClaims(report.keyset, options.nowMs, options.policy),
      ...configurationClaims,
      ...provenanceClaims({
        provenance: report.sourceProvenance,
        measuredCompose: evidence.measuredCompose,
        composeHash,
        policy: options.policy,
        registeredComposeHashes: options.registeredComposeHashes ?? [],
      }),
      // An aggregator sends prompts on to others, whom these checks do not cover (aci/1 section 9.2).
      compared(
        'serving_direct',
        report.serving === 'direct',
        'inference runs in this workload',
        'it is forwarded',
      ),
    ],
    evidence.simulated,
  );
  const established =
    verdict.outcome === 'pass' && configuration !== null && composeHash !== null
      ? {
          keyset: report.keyset,
          keysetDigest: keysetDigest(report.keyset),
          configuration,
          composeHash,
          simulated: evidence.simulated,
        }
      : null;
  return { ...verdict, established };
}
