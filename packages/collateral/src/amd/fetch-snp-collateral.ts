import {
  type AmdProduct,
  parseCertificate,
  parseEndorsement,
  parseSnpReport,
  type SnpCollateral,
} from '@dcml/attest';
import { toHex } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { readInput } from '../document/attest-refusal.ts';
import { type Fetched, type FetchOptions, obtainContext } from '../document/fetch-options.ts';
import { type ObtainContext, obtainDocument } from '../document/obtain-document.ts';
import { type Endorsed, findAmdRoot, findVcek } from './find-vcek.ts';
import { type AmdIssuer, amdCrlPlan, issuerChainPlan } from './kds-plans.ts';
import type { EndorsementKey, KdsService } from './kds-service.ts';

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
  const issuer: AmdIssuer = { key, product, root: findAmdRoot(options.policy, product) };
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
      ? await findVcek(parsed, { policy, service, context })
      : { ...(await obtainIssuer(given, signingKey, options, context)), tried: [] };
  const { product, certificateHex, issuerChainPem, sources, tried } = endorsed;
  const issuer: AmdIssuer = { key: signingKey, product, root: findAmdRoot(policy, product) };
  const crl = await obtainDocument(amdCrlPlan(service, issuer), context);
  return {
    collateral: { endorsementCertificateHex: certificateHex, issuerChainPem, crlHex: crl.value },
    documents: [...sources, crl.source],
    product,
    tried,
  };
}
