import { createHash } from 'node:crypto';
import { isDcmlError, toHex } from '@dcml/core';
import type { CollateralCache } from '../cache/collateral-cache.ts';
import { CollateralError } from '../collateral-error.ts';
import type { NetworkContext } from '../http/download.ts';
import type { AuthenticDocument, DocumentPlan, DocumentSource, FetchMode } from './document-plan.ts';

export interface ObtainContext extends NetworkContext {
  readonly cache: CollateralCache | undefined;
  readonly mode: FetchMode;
}

export interface Obtained<Value> {
  readonly value: Value;
  readonly source: DocumentSource;
}

type Kept<Value> =
  | { readonly document: AuthenticDocument<Value>; readonly sha256: string }
  | { readonly reason: 'absent' | 'expired' | 'corrupt' | 'no-cache' };

function isCurrent({ notBeforeMs, nextUpdateMs }: AuthenticDocument<unknown>, nowMs: number): boolean {
  return nowMs >= notBeforeMs && nowMs <= nextUpdateMs;
}

/** What the cache has, if it is still what its vendor signed: the disk is believed no more than the network. */
async function readKept<Value>(plan: DocumentPlan<Value>, context: ObtainContext): Promise<Kept<Value>> {
  const { cache, nowMs } = context;
  if (cache === undefined) return { reason: 'no-cache' };
  const reading = await cache.read(plan.key);
  if (reading.state !== 'present') return { reason: reading.state };
  try {
    const document = await plan.authenticate(reading.bytes, nowMs);
    return isCurrent(document, nowMs) ? { document, sha256: reading.sha256 } : { reason: 'expired' };
  } catch (error) {
    if (!isDcmlError(error)) throw error;
    return { reason: error.code === 'COLLATERAL_EXPIRED' ? 'expired' : 'corrupt' };
  }
}

function offlineError(what: string, reason: string): CollateralError {
  const why: Readonly<Record<string, string>> = {
    absent: 'it was never fetched',
    expired: 'the stored one is not current now',
    corrupt: 'the stored one is damaged',
    'no-cache': 'no cache was given',
  };
  return new CollateralError('COLLATERAL_OFFLINE', `${what}: ${why[reason] ?? reason}`, {
    details: { reason },
  });
}

/** A document from the cache while it is current, else from its service, authenticated either way. */
export async function obtainDocument<Value>(
  plan: DocumentPlan<Value>,
  context: ObtainContext,
): Promise<Obtained<Value>> {
  const { cache, mode, nowMs } = context;
  const { what, key } = plan;
  const kept = await readKept(plan, context);
  if ('document' in kept && mode !== 'refresh') {
    const { document, sha256 } = kept;
    const { value, nextUpdateMs } = document;
    return { value, source: { what, source: 'cache', sha256, nextUpdateMs, reason: 'current' } };
  }
  const reason = 'document' in kept ? 'refresh' : kept.reason;
  if (mode === 'offline') throw offlineError(what, reason);

  const bytes = await plan.download(context);
  const document = await plan.authenticate(bytes, nowMs);
  const { value, order, notBeforeMs, nextUpdateMs } = document;
  if (!isCurrent(document, nowMs)) {
    const span = `${new Date(notBeforeMs).toISOString()} to ${new Date(nextUpdateMs).toISOString()}`;
    throw new CollateralError('COLLATERAL_EXPIRED', `${what}: the service's is for ${span}`);
  }
  const sha256 =
    cache === undefined
      ? toHex(createHash('sha256').update(bytes).digest())
      : await cache.store(key, order, bytes);
  return { value, source: { what, source: 'service', sha256, nextUpdateMs, reason } };
}
