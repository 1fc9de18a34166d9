import type { TcbAppraisal } from '../intel/appraise-tcb.ts';
import { authenticateIntel, type QuoteKind } from '../intel/authenticate-intel.ts';
import type { IntelCollateral } from '../intel/collateral-types.ts';
import type { PckIdentity } from '../intel/sgx-extension.ts';
import type { VerifyEvidenceOptions } from '../verify-context.ts';
import { appraiseTdxTcb } from './appraise-tcb.ts';
import { appraiseTd } from './appraise-td.ts';
import type { TdxSheet } from './claims.ts';
import { parseTdxQuote } from './parse-quote.ts';
import type { TdxQuote } from './quote.ts';

const tdxKind: QuoteKind<TdxQuote, 'TDX'> = {
  parse: parseTdxQuote,
  documentIds: { tcbInfo: 'TDX', qeIdentity: 'TD_QE' },
  describe: ({ header, body }) =>
    `TDX quote version ${header.version} of a TD report ${body.mrServiceTd === undefined ? '1.0' : '1.5'}`,
};

/** An authentic TDX quote. */
export interface JudgedTdx {
  readonly quote: TdxQuote;
  readonly pck: PckIdentity;
  /** Undefined unless the collateral is authentic, current, and covers the platform. */
  readonly tcb: TcbAppraisal | undefined;
}

/**
 * Records all claims of `tdxClaimPlan` about a quote: authenticity, collateral, patch level, and the TD report by the
 * policy. What the report binds is for the caller to judge. `judged` is undefined unless the quote is authentic.
 */
export async function judgeTdx(
  sheet: TdxSheet,
  quote: Uint8Array,
  collateral: IntelCollateral,
  options: VerifyEvidenceOptions,
): Promise<{ readonly simulated: boolean; readonly judged?: JudgedTdx }> {
  const { simulated, authentic } = await authenticateIntel(sheet, tdxKind, quote, collateral, options);
  if (authentic === undefined) return { simulated };
  const policy = options.policy.intel;
  const tcb = appraiseTdxTcb(sheet, authentic, policy);
  appraiseTd(sheet, authentic.quote, policy);
  return { simulated, judged: { quote: authentic.quote, pck: authentic.platform.pck, tcb } };
}
