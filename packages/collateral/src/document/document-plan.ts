import type { DocumentOrder } from '../cache/document-order.ts';
import type { NetworkContext } from '../http/download.ts';

/** A document that is what its vendor signed, and how new it is by its own words. */
export interface AuthenticDocument<Value> {
  readonly value: Value;
  readonly order: DocumentOrder;
  readonly notBeforeMs: number;
  /** Until then it is served from the cache. */
  readonly nextUpdateMs: number;
}

/** One document of a service: where it lies in the cache, how it comes, what makes it true. */
export interface DocumentPlan<Value> {
  /** For messages, for example `TCB info of 90c06f000000`. */
  readonly what: string;
  /** Names the document and the root that it stands under, never the service. */
  readonly key: string;
  /** The bytes that are kept: all that `authenticate` needs. Throws `COLLATERAL_*`. */
  readonly download: (context: NetworkContext) => Promise<Uint8Array>;
  /**
   * Signatures, issuers and subject, all but the document's own window. Throws `COLLATERAL_UNAUTHENTIC`, or
   * `COLLATERAL_ANSWER` for bytes without form.
   */
  readonly authenticate: (bytes: Uint8Array, nowMs: number) => Promise<AuthenticDocument<Value>>;
}

/**
 * `cache`: from the cache while current, else from the service. `refresh`: always from the service. `offline`: never.
 */
export type FetchMode = 'cache' | 'refresh' | 'offline';

/** Where a document is from. */
export interface DocumentSource {
  readonly what: string;
  readonly source: 'cache' | 'service';
  /** Lowercase hex of the bytes that are kept. */
  readonly sha256: string;
  readonly nextUpdateMs: number;
  /** Why the cache did not serve it: nothing there, no longer current, damaged and dropped, or not asked. */
  readonly reason: 'current' | 'absent' | 'expired' | 'corrupt' | 'refresh' | 'no-cache';
}
