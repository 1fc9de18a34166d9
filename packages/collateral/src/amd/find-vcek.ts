import {
  type AmdProduct,
  amdProducts,
  type Certificate,
  decodeTcb,
  type EvidencePolicy,
  policyRoots,
  productNames,
  productOfProcessor,
  type SnpReport,
} from '@dcml/attest';
import { isDcmlError } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { readInput } from '../document/attest-refusal.ts';
import type { DocumentSource } from '../document/document-plan.ts';
import { type ObtainContext, obtainDocument } from '../document/obtain-document.ts';
import { issuerChainPlan, vcekPlan } from './kds-plans.ts';
import { hardwareId, type KdsService } from './kds-service.ts';

/** Where VCEKs are looked for. */
export interface VcekSearch {
  readonly policy: EvidencePolicy;
  readonly service: KdsService;
  readonly context: ObtainContext;
}

/** The root of a product in the policy. Throws `COLLATERAL_INPUT`. */
export function findAmdRoot(policy: EvidencePolicy, product: AmdProduct): Certificate {
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

/** An endorsement certificate and the certificates above it. */
export interface Endorsed {
  readonly product: AmdProduct;
  readonly certificateHex: string;
  readonly issuerChainPem: string;
  readonly sources: readonly DocumentSource[];
}

async function obtainVcek(report: SnpReport, product: AmdProduct, search: VcekSearch): Promise<Endorsed> {
  const { policy, service, context } = search;
  const tcb = readInput('report', () => decodeTcb(report.reportedTcb, product));
  const root = findAmdRoot(policy, product);
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
export async function findVcek(
  report: SnpReport,
  search: VcekSearch,
): Promise<Endorsed & { readonly tried: readonly AmdProduct[] }> {
  const { context } = search;
  const products = candidates(report);
  if (products.length > 1 && context.mode === 'cache' && context.cache !== undefined) {
    const kept = await tryProducts(report, products, { ...search, context: { ...context, mode: 'offline' } });
    if ('product' in kept) return kept;
  }
  const found = await tryProducts(report, products, search);
  if ('product' in found) return found;
  throw found.error;
}

async function tryProducts(
  report: SnpReport,
  products: readonly AmdProduct[],
  search: VcekSearch,
): Promise<(Endorsed & { readonly tried: readonly AmdProduct[] }) | { readonly error: unknown }> {
  const misses: unknown[] = [];
  for (const [i, product] of products.entries()) {
    try {
      return { ...(await obtainVcek(report, product, search)), tried: products.slice(0, i) };
    } catch (error) {
      if (!isMiss(error)) throw error;
      misses.push(error);
    }
  }
  // What a service or the cache said tells more than a product that could not be.
  const isInput = (error: unknown): boolean => isDcmlError(error) && error.code === 'COLLATERAL_INPUT';
  return { error: misses.find((error) => !isInput(error)) ?? misses[0] };
}
