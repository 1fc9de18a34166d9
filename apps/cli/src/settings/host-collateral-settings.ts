import { CoreError, type Fields } from '@dcml/core';

/** Which platform collateral is for: by a quote of the machine, of any age, or by what a quote says. */
export type CollateralPlatform =
  | { readonly quoteFile: string }
  | { readonly tee: 'tdx' | 'sgx'; readonly fmspc: string; readonly ca: 'platform' | 'processor' };

/** Collateral from a service, kept in a cache. */
export interface FetchedCollateralSettings {
  readonly source: 'intel-pcs' | 'pccs';
  /** Null: Intel's own service. */
  readonly url: string | null;
  /** PEM of the CA of a PCCS with a private TLS certificate. */
  readonly caFile: string | null;
  readonly cacheDirectory: string;
  readonly platform: CollateralPlatform;
  readonly update: 'standard' | 'early';
  readonly refreshSeconds: number;
  /** Its roots decide what is authentic; null: the strict default. */
  readonly policyFile: string | null;
}

/** Where a host has its platform's collateral from. A file is read again at each request. */
export type HostCollateralSettings =
  | { readonly source: 'file'; readonly file: string }
  | FetchedCollateralSettings;

const sources = ['file', 'intel-pcs', 'pccs'] as const;

function refuse(path: string, why: string): never {
  throw new CoreError('CORE_FIELD', `${path}: ${why}`, { details: { path } });
}

function parsePlatform(fields: Fields): CollateralPlatform {
  if (fields.has('quote_file')) {
    if (fields.has('platform')) refuse(`${fields.path}.platform`, 'is in the quote already');
    return { quoteFile: fields.string('quote_file') };
  }
  if (!fields.has('platform')) refuse(`${fields.path}.quote_file`, 'is missing, and so is platform');
  const platform = fields.object('platform');
  const parsed = {
    tee: platform.has('tee') ? platform.oneOf('tee', ['tdx', 'sgx']) : 'tdx',
    fmspc: platform.string('fmspc', 12),
    ca: platform.has('ca') ? platform.oneOf('ca', ['platform', 'processor']) : 'platform',
  };
  if (!/^[0-9a-f]{12}$/.test(parsed.fmspc))
    refuse(`${platform.path}.fmspc`, 'expected 12 lowercase hex digits');
  platform.done();
  return parsed;
}

function parseFetched(fields: Fields, source: 'intel-pcs' | 'pccs'): FetchedCollateralSettings {
  const optional = (name: string): string | null => (fields.has(name) ? fields.string(name) : null);
  return {
    source,
    url: source === 'pccs' ? fields.string('url') : optional('url'),
    caFile: source === 'pccs' ? optional('ca_file') : null,
    cacheDirectory: fields.string('cache_directory'),
    platform: parsePlatform(fields),
    update: fields.has('update') ? fields.oneOf('update', ['standard', 'early']) : 'standard',
    refreshSeconds: fields.has('refresh_seconds')
      ? fields.integer('refresh_seconds', 60, 30 * 86_400)
      : 86_400,
    policyFile: optional('policy_file'),
  };
}

/** Reads `collateral`, or `collateral_file`, which is short for a file. Throws `CORE_FIELD`. */
export function parseHostCollateral(settings: Fields): HostCollateralSettings | null {
  if (settings.has('collateral_file')) {
    if (settings.has('collateral')) refuse(`${settings.path}.collateral`, 'stands beside collateral_file');
    return { source: 'file', file: settings.string('collateral_file') };
  }
  if (!settings.has('collateral')) return null;
  const fields = settings.object('collateral');
  const source = fields.oneOf('source', sources);
  const collateral =
    source === 'file' ? { source, file: fields.string('file') } : parseFetched(fields, source);
  fields.done();
  return collateral;
}
