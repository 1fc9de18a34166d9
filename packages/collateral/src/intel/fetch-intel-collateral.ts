import { type Certificate, type EvidencePolicy, type IntelCollateral, policyRoots } from '@dcml/attest';
import { CollateralError } from '../collateral-error.ts';
import { requireRoot } from '../document/authentic-chain.ts';
import { type Fetched, type FetchOptions, obtainContext } from '../document/fetch-options.ts';
import { type ObtainContext, type Obtained, obtainDocument } from '../document/obtain-document.ts';
import { pckCrlPlan, rootCrlPlan } from './intel-crl-plans.ts';
import { qeIdentityKind, type TcbUpdate, tcbInfoKind } from './intel-documents.ts';
import { assertIntelPlatform, type IntelPlatform, readQuoteOrigin } from './intel-platform.ts';
import type { IntelService } from './intel-service.ts';
import { type SignedText, signedTextPlan } from './signed-text-plan.ts';

export interface IntelFetchOptions extends FetchOptions {
  /** Default: Intel's own. */
  readonly service?: IntelService;
  /** Default: `standard`. */
  readonly update?: TcbUpdate;
}

type Documents = readonly [tcbInfo: Obtained<SignedText>, qeIdentity: Obtained<SignedText>];
type Obtain = (mode: ObtainContext['mode']) => Promise<Obtained<SignedText>>;

/** The root of a quote's chain, if the policy has it; without a quote the policy's only one. */
function chooseRoot(policy: EvidencePolicy, rootDer: Uint8Array | undefined): Certificate {
  if (rootDer !== undefined) return requireRoot(rootDer, policy, 'intel', 'quote');
  const roots = policyRoots(policy, 'intel');
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw new CollateralError('COLLATERAL_INPUT', `the policy has ${roots.length} Intel roots, expected one`);
  }
  return root;
}

function numberOf(obtained: Obtained<SignedText>): number {
  return obtained.value.tcbEvaluationDataNumber;
}

/**
 * Both documents of one TCB recovery. One from the cache may be of the recovery before: then the older is asked for
 * again, since a verifier refuses the pair.
 */
async function obtainPair(tcb: Obtain, qe: Obtain, mode: ObtainContext['mode']): Promise<Documents> {
  const [tcbInfo, qeIdentity] = await Promise.all([tcb(mode), qe(mode)]);
  if (numberOf(tcbInfo) === numberOf(qeIdentity)) return [tcbInfo, qeIdentity];
  const isTcbOlder = numberOf(tcbInfo) < numberOf(qeIdentity);
  const older = isTcbOlder ? tcbInfo : qeIdentity;
  if (mode !== 'offline' && older.source.source === 'cache') {
    const again = await (isTcbOlder ? tcb : qe)('refresh');
    const pair: Documents = isTcbOlder ? [again, qeIdentity] : [tcbInfo, again];
    if (numberOf(pair[0]) === numberOf(pair[1])) return pair;
  }
  throw new CollateralError(
    'COLLATERAL_MIXED',
    `TCB info has evaluation data number ${numberOf(tcbInfo)}, QE identity ${numberOf(qeIdentity)}`,
  );
}

/**
 * Fetches what Intel publishes about the platform of a quote (SGX v3, TDX v4 and v5), or of a platform given by its
 * facts: both CRLs, TCB info and QE identity, each authenticated under the Intel root of the policy and of one TCB
 * recovery. Throws `COLLATERAL_*`, or the reason of the signal.
 */
export async function fetchIntelCollateral(
  quoteOrPlatform: Uint8Array | IntelPlatform,
  options: IntelFetchOptions,
): Promise<Fetched<IntelCollateral>> {
  const { platform, rootDer } =
    quoteOrPlatform instanceof Uint8Array
      ? readQuoteOrigin(quoteOrPlatform)
      : { platform: quoteOrPlatform, rootDer: undefined };
  assertIntelPlatform(platform);
  const root = chooseRoot(options.policy, rootDer);
  // Whatever ends this call, by an answer or by the first error, ends its other requests too.
  const end = new AbortController();
  try {
    const signal = AbortSignal.any([options.signal, end.signal]);
    return await fetchPlatform(platform, root, { ...options, signal });
  } finally {
    end.abort();
  }
}

async function fetchPlatform(
  platform: IntelPlatform,
  root: Certificate,
  options: IntelFetchOptions,
): Promise<Fetched<IntelCollateral>> {
  const { service = { kind: 'intel-pcs' }, update = 'standard' } = options;
  const context = obtainContext(options);
  const rootCrl = await obtainDocument(rootCrlPlan(service, root), context);
  const trust = { root, rootCrl: rootCrl.value.crl };
  const tcbPlan = signedTextPlan(service, tcbInfoKind(platform, update), trust);
  const qePlan = signedTextPlan(service, qeIdentityKind(platform, update), trust);
  const [pckCrl, [tcbInfo, qeIdentity]] = await Promise.all([
    obtainDocument(pckCrlPlan(service, platform.ca, trust), context),
    obtainPair(
      (mode) => obtainDocument(tcbPlan, { ...context, mode }),
      (mode) => obtainDocument(qePlan, { ...context, mode }),
      context.mode,
    ),
  ]);
  return {
    collateral: {
      pckCrlIssuerChainPem: pckCrl.value.issuerChainPem,
      rootCaCrlHex: rootCrl.value.hex,
      pckCrlHex: pckCrl.value.hex,
      tcbInfoIssuerChainPem: tcbInfo.value.issuerChainPem,
      tcbInfo: tcbInfo.value.text,
      tcbInfoSignatureHex: tcbInfo.value.signatureHex,
      qeIdentityIssuerChainPem: qeIdentity.value.issuerChainPem,
      qeIdentity: qeIdentity.value.text,
      qeIdentitySignatureHex: qeIdentity.value.signatureHex,
    },
    documents: [rootCrl.source, pckCrl.source, tcbInfo.source, qeIdentity.source],
  };
}
