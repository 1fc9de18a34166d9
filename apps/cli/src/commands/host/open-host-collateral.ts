import { readFile } from 'node:fs/promises';
import type { IntelPlatform, IntelService } from '@dcml/collateral';
import { type Clock, isDcmlError, type JsonValue } from '@dcml/core';
import type { Log } from '@dcml/host';
import { CliError } from '../../cli-error.ts';
import type {
  CollateralPlatform,
  FetchedCollateralSettings,
  HostCollateralSettings,
} from '../../settings/host-collateral-settings.ts';
import { readJsonFile, readTextFile } from '../../settings/read-json-file.ts';
import { readPolicy } from '../../settings/read-policy.ts';

type ReadCollateral = (signal: AbortSignal) => Promise<JsonValue | null>;

async function readPlatform(platform: CollateralPlatform): Promise<Uint8Array | IntelPlatform> {
  if (!('quoteFile' in platform)) return platform;
  const file = platform.quoteFile;
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CliError('CLI_INPUT', `quote ${file}: cannot be read (${code})`, { cause });
  }
}

async function serviceOf({ source, url, caFile }: FetchedCollateralSettings): Promise<IntelService> {
  if (source === 'intel-pcs') return { kind: source, ...(url === null ? {} : { url }) };
  const caPem = caFile === null ? undefined : await readTextFile(caFile, 'CA of the PCCS');
  return { kind: source, url: url ?? '', ...(caPem === undefined ? {} : { caPem }) };
}

async function openFetched(
  settings: FetchedCollateralSettings,
  clock: Clock,
  log: Log,
): Promise<ReadCollateral> {
  const { encodeIntelCollateral } = await import('@dcml/attest');
  const { createCollateralSource, fetchIntelCollateral, openCollateralCache, readIntelPlatform } =
    await import('@dcml/collateral');
  const [platform, service, policy, cache] = await Promise.all([
    readPlatform(settings.platform),
    serviceOf(settings),
    readPolicy(settings.policyFile ?? undefined),
    openCollateralCache(settings.cacheDirectory),
  ]);
  // A file that is no quote shows now, and not to the first client.
  if (platform instanceof Uint8Array) readIntelPlatform(platform);
  const { update, refreshSeconds } = settings;
  const source = createCollateralSource({
    clock,
    refreshMs: refreshSeconds * 1000,
    fetch: (mode, nowMs, signal) =>
      fetchIntelCollateral(platform, { policy, nowMs, signal, cache, mode, service, update }),
    onError: (error) => {
      const code = isDcmlError(error) ? error.code : 'unknown';
      log('warn', 'collateral_fetch_failed', {
        code,
        reason: isDcmlError(error) ? error.message : 'internal error',
      });
    },
  });
  return async (signal) => {
    try {
      return encodeIntelCollateral(await source.read(signal));
    } catch (error) {
      // The log has it. Clients hear that there is none, and nothing of the operator's services.
      if (isDcmlError(error)) return null;
      throw error;
    }
  };
}

/** How a host answers for its collateral (docs/guide/host.md). Throws `CLI_INPUT` or `COLLATERAL_*`. */
export async function openHostCollateral(
  settings: HostCollateralSettings | null,
  clock: Clock,
  log: Log,
): Promise<ReadCollateral> {
  if (settings === null) return async () => null;
  if (settings.source === 'file') return () => readJsonFile(settings.file, 'collateral');
  return openFetched(settings, clock, log);
}
