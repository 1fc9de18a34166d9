import { attempt } from '../claim-sheet.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { policyRoots, type VerifyEvidenceOptions } from '../verify-context.ts';
import {
  type AuthenticDocuments,
  authenticateDocuments,
  type DocumentIds,
} from './authenticate-documents.ts';
import { type AuthenticPlatform, authenticatePlatform } from './authenticate-platform.ts';
import { authenticateQuote, type SignedQuote } from './authenticate-quote.ts';
import type { IntelSheet } from './claims.ts';
import type { IntelCollateral } from './collateral-types.ts';
import { readCollateral } from './prepare-collateral.ts';
import { quoteRange } from './quote-signature.ts';
import type { TcbInfo } from './tcb-info.ts';

/** What is particular about a kind of quote. */
export interface QuoteKind<Quote extends SignedQuote, Id extends TcbInfo['id']> {
  readonly parse: (bytes: Uint8Array) => Quote;
  readonly documentIds: DocumentIds<Id>;
  /** For the claim's reason. */
  readonly describe: (quote: Quote) => string;
}

/** A quote that is signed up to a trusted root by a platform that is not revoked. */
export interface AuthenticQuote<Quote, Id extends TcbInfo['id']> {
  readonly quote: Quote;
  readonly platform: AuthenticPlatform;
  /** Undefined unless both are authentic, current, and of this platform. */
  readonly documents: AuthenticDocuments<Id> | undefined;
}

export interface IntelAuthentication<Quote, Id extends TcbInfo['id']> {
  /** True unless the chain ends in Intel's own root. */
  readonly simulated: boolean;
  /** Undefined unless the quote is authentic. */
  readonly authentic?: AuthenticQuote<Quote, Id>;
}

/** Records the claims of `intelClaimPlan` but the last: reads a quote and checks everything that signs it. */
export async function authenticateIntel<Quote extends SignedQuote, Id extends TcbInfo['id']>(
  sheet: IntelSheet,
  kind: QuoteKind<Quote, Id>,
  quoteBytes: Uint8Array,
  given: IntelCollateral,
  { policy, nowMs }: VerifyEvidenceOptions,
): Promise<IntelAuthentication<Quote, Id>> {
  const roots = policyRoots(policy, 'intel');
  const collateral = readCollateral(given);
  const parsed = attempt(() => {
    // A copy: nobody can change the bytes between two checks.
    const quote = kind.parse(Uint8Array.from(quoteBytes));
    return { quote, chain: collateral.pckChain(quote.pckChainPem) };
  });
  const { value } = parsed;
  const isReadable = sheet.check(
    'quote_format',
    parsed.problem,
    value === undefined ? '' : `${kind.describe(value.quote)} with its PCK chain`,
    [quoteRange(0, quoteBytes.length)],
  );
  if (!isReadable || value === undefined) return { simulated: true };
  const { quote, chain } = value;
  const simulated = !isVendorRoot(chain.certificates[2].der, 'intel');
  const platform = await authenticatePlatform(sheet, chain, quote.at.pckChain, collateral, roots, nowMs);
  if (platform === undefined) return { simulated };
  if (!(await authenticateQuote(sheet, quote, platform.pckCertificate))) return { simulated };
  const minimum = policy.intel.minTcbEvaluationDataNumber ?? 0;
  const ids = kind.documentIds;
  const documents = await authenticateDocuments(sheet, platform, collateral, ids, minimum, nowMs);
  return { simulated, authentic: { quote, platform, documents } };
}
