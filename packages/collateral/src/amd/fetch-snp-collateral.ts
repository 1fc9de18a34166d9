import {
  type AmdProduct,
  amdProducts,
  type Certificate,
  decodeTcb,
  type EvidencePolicy,
  parseCertificate,
  parseEndorsement,
  parseSnpReport,
  policyRoots,
  productNames,
  productOfProcessor,
  type SnpCollateral,
  type SnpReport,
} from '@dcml/attest';
import { isDcmlError, toHex } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { readInput } from '../document/attest-refusal.ts';
import type { DocumentSource } from '../document/document-plan.ts';
import { type Fetched, type FetchOptions, obtainContext } from '../document/fetch-options.ts';
import { type ObtainContext, obtainDocument } from '../document/obtain-document.ts';
import { type AmdIssuer, amdCrlPlan, issuerChainPlan, vcekPlan } from './kds-plans.ts';
import { type EndorsementKey, hardwareId, type KdsService } from './kds-service.ts';

export interface SnpFetchOptions extends FetchOptions {
  /** Default: AMD's own. */
  readonly service?: KdsService;
  /**
   * DER of the VCEK or VLEK, where the host hands it out beside the report. A VLEK has to be given: AMD publishes none.
   */
  readonly endorsementCertificate?: Uint8Array;
}

export interface FetchedSnp extends Fetched<SnpCollateral> {
  readonly product: AmdProduct;
  /** The products that were tried in vain before it, since a report of version 2 does not name its own. */
  readonly tried: readonly AmdProduct[];
}

function findRoot(policy: EvidencePolicy, product: AmdProduct): Certificate {
  const name = `ARK-${productNames[product]}`;
  const roots = policyRoots(policy, 'amd').filter(({ commonName }) => commonName === name);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw new CollateralError(
      'COLLATERAL_INPUT',
      `the policy has ${roots.length} roots ${name}, expected one`,
    );
  }
  return root;
}

/** The products that the report may be from, the likelier first. */
function candidates({ processor }: SnpReport): readonly AmdProduct[] {
  if (processor === undefined) return amdProducts;
  const product = productOfProcessor(processor);
  if (product !== undefined) return [product];
  const { family, model } = processor;
  throw new CollateralError(
    'COLLATERAL_INPUT',
    `report: processor family 0x${family.toString(16)} model 0x${model.toString(16)} is not known`,
  );
}

interface Endorsed {
  readonly product: AmdProduct;
  readonly certificateHex: string;
  readonly issuerChainPem: string;
  readonly sources: readonly DocumentSource[];
}

async function obtainVcek(
  report: SnpReport,
  product: AmdProduct,
  options: SnpFetchOptions,
  context: ObtainContext,
): Promise<Endorsed> {
  const { policy, service = {} } = options;
  const tcb = readInput('report', () => decodeTcb(report.reportedTcb, product));
  const root = findRoot(policy, product);
  const chip = { product, chipId: report.chipId, tcb };
  // Before anything is asked.
  hardwareId(chip);
  const chain = await obtainDocument(issuerChainPlan(service, { key: 'vcek', product, root }), context);
  const vcek = await obtainDocument(vcekPlan(service, chip, chain.value.ca, root), context);
  const sources = [chain.source, vcek.source];
  return { product, certificateHex: vcek.value, issuerChainPem: chain.value.pem, sources };
}

/** Whether another product may still be the right one: the service or the cache has nothing, or the TCB cannot be. */
function isMiss(error: unknown): boolean {
  return (
    isDcmlError(error) &&
    ['COLLATERAL_UNKNOWN', 'COLLATERAL_OFFLINE', 'COLLATERAL_INPUT'].includes(error.code)
  );
}

/** Tries the products in order; what is in the cache wins before anything is asked. */
async function findVcek(
  report: SnpReport,
  options: SnpFetchOptions,
  context: ObtainContext,
): Promise<Endorsed & { readonly tried: readonly AmdProduct[] }> {
  const products = candidates(report);
  if (products.length > 1 && context.mode === 'cache' && context.cache !== undefined) {
    const kept = await tryProducts(report, products, options, { ...context, mode: 'offline' });
    if ('product' in kept) return kept;
  }
  const found = await tryProducts(report, products, options, context);
  if ('product' in found) return found;
  throw found.error;
}

async function tryProducts(
  report: SnpReport,
  products: readonly AmdProduct[],
  options: SnpFetchOptions,
  context: ObtainContext,
): Promise<(Endorsed & { readonly tried: readonly AmdProduct[] }) | { readonly error: unknown }> {
  const misses: unknown[] = [];
  for (const [i, product] of products.entries()) {
    try {
      return { ...(await obtainVcek(report, product, options, context)), tried: products.slice(0, i) };
    } catch (error) {
      if (!isMiss(error)) throw error;
      misses.push(error);
    }
  }
  // What a service or the cache said tells more than a product that could not be.
  const isInput = (error: unknown): boolean => isDcmlError(error) && error.code === 'COLLATERAL_INPUT';
  return { error: misses.find((error) => !isInput(error)) ?? misses[0] };
}

async function obtainIssuer(
  der: Uint8Array,
  key: EndorsementKey,
  options: SnpFetchOptions,
  context: ObtainContext,
): Promise<Endorsed> {
  const { kind, product } = readInput('endorsement certificate', () =>
    parseEndorsement(parseCertificate(der)),
  );
  if (kind !== key) {
    throw new CollateralError(
      'COLLATERAL_INPUT',
      `report: was signed by a ${key}, the certificate is of a ${kind}`,
    );
  }
  const issuer: AmdIssuer = { key, product, root: findRoot(options.policy, product) };
  const chain = await obtainDocument(issuerChainPlan(options.service ?? {}, issuer), context);
  return { product, certificateHex: toHex(der), issuerChainPem: chain.value.pem, sources: [chain.source] };
}

/**
 * Fetches what AMD publishes about the chip of an SEV-SNP report (version 2 to 5): VCEK, ASK, ARK and CRL, each
 * authenticated under the ARK of its product in the policy. A given certificate is passed on as it is, for the verifier
 * to judge. Throws `COLLATERAL_*`, or the reason of the signal.
 */
export async function fetchSnpCollateral(report: Uint8Array, options: SnpFetchOptions): Promise<FetchedSnp> {
  const parsed = readInput('report', () => parseSnpReport(report));
  const { signingKey } = parsed;
  if (signingKey === 'none') throw new CollateralError('COLLATERAL_INPUT', 'report: is not signed');
  const { policy, service = {}, endorsementCertificate: given } = options;
  const context = obtainContext(options);
  if (given === undefined && signingKey === 'vlek') {
    throw new CollateralError(
      'COLLATERAL_INPUT',
      'report: AMD publishes no VLEK; give the certificate of the host',
    );
  }
  const endorsed =
    given === undefined
      ? await findVcek(parsed, options, context)
      : { ...(await obtainIssuer(given, signingKey, options, context)), tried: [] };
  const { product, certificateHex, issuerChainPem, sources, tried } = endorsed;
  const issuer: AmdIssuer = { key: signingKey, product, root: findRoot(policy, product) };
  const crl = await obtainDocument(amdCrlPlan(service, issuer), context);
  return {
    collateral: { endorsementCertificateHex: certificateHex, issuerChainPem, crlHex: crl.value },
    documents: [...sources, crl.source],
    product,
    tried,
  };
}
