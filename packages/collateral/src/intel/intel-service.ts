import type { Certificate } from '@dcml/attest';
import { DerReader, derTags } from '@dcml/attest';
import { CollateralError } from '../collateral-error.ts';
import { readDocument } from '../document/attest-refusal.ts';
import { parseServiceUrl, serviceUrl } from '../http/service-url.ts';

/** Who is asked: Intel's own service, or a caching service (PCCS) of a provider or of one's own. */
export type IntelService =
  | {
      readonly kind: 'intel-pcs';
      /** Default: `https://api.trustedservices.intel.com`. */
      readonly url?: string;
      /** Default: what the root certificate names. */
      readonly rootCrlUrl?: string;
    }
  | {
      readonly kind: 'pccs';
      readonly url: string;
      /** PEM of the CA of its TLS certificate, where that is no public one. */
      readonly caPem?: string;
    };

export const intelPcsUrl = 'https://api.trustedservices.intel.com';

const DISTRIBUTION_POINTS = '2.5.29.31';

/** The first address of a CRL distribution point (RFC 5280 section 4.2.1.13). */
function readDistributionPoint(value: Uint8Array): string {
  const points = new DerReader(value, 'CRL distribution points').read(derTags.sequence, 'points');
  const name = points.read(derTags.sequence, 'point').read(0xa0, 'distribution point');
  const address = name.read(0xa0, 'full name').read(0x86, 'address').rest();
  return String.fromCharCode(...address);
}

/** Where the root CRL is: a PCCS has it, else the trusted root certificate says where. Throws `COLLATERAL_*`. */
export function rootCrlUrl(service: IntelService, root: Certificate): URL {
  if (service.kind === 'pccs') {
    return intelUrl(service, '/sgx/certification/v4/rootcacrl');
  }
  if (service.rootCrlUrl !== undefined) return parseServiceUrl(service.rootCrlUrl);
  const value = root.extensions.get(DISTRIBUTION_POINTS);
  if (value === undefined) {
    throw new CollateralError('COLLATERAL_INPUT', 'the root certificate does not say where its CRL is');
  }
  return parseServiceUrl(readDocument('root certificate', () => readDistributionPoint(value)));
}

/** The address of a document of the API version 4, which both services have. Throws `COLLATERAL_INPUT`. */
export function intelUrl(
  service: IntelService,
  path: string,
  query: Readonly<Record<string, string>> = {},
): URL {
  const base = parseServiceUrl(service.url ?? intelPcsUrl);
  const end = base.pathname.replace(/\/$/, '');
  // Operators give the address of a PCCS with or without the API's path.
  if (/\/(?:sgx|tdx)\/certification\/v4$/.test(end)) base.pathname = end.replace(/\/(?:sgx|tdx)\/.*$/, '/');
  return serviceUrl(base, path, query);
}
