/** A trust anchor that a policy names. Only the vendors' own fingerprints, known to the code, count as hardware. */
export interface PolicyRoot {
  /** For people, for example `Intel SGX Root CA`. */
  readonly name: string;
  readonly kind: 'intel';
  readonly certificatePem: string;
}

export type TcbStatus =
  | 'UpToDate'
  | 'SWHardeningNeeded'
  | 'ConfigurationNeeded'
  | 'ConfigurationAndSWHardeningNeeded'
  | 'OutOfDate'
  | 'OutOfDateConfigurationNeeded'
  | 'Revoked';

export const tcbStatuses: readonly TcbStatus[] = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
];

/** What a relying party accepts, as data. `defaultPolicy` is strict: the Intel root, UpToDate, no debug. */
export interface EvidencePolicy {
  readonly version: 1;
  readonly roots: readonly PolicyRoot[];
  readonly allowedTcbStatuses: readonly TcbStatus[];
  /** Advisory ids (INTEL-SA-…) that do not count against a platform. */
  readonly allowedAdvisories: readonly string[];
  /** Collateral of an older TCB recovery is refused; absent accepts any. */
  readonly minTcbEvaluationDataNumber?: number;
  /** Lowercase hex SHA-256 of accepted application composes; `null` accepts any and leaves the claim unknown. */
  readonly composeHashes: readonly string[] | null;
  /** Take the compose hashes that the model's creator registered on chain as accepted too. */
  readonly acceptRegisteredComposeHashes: boolean;
  /** Lowercase hex MRTD values; `null` accepts any. */
  readonly mrTds: readonly string[] | null;
  /** A keyset that lives longer than this is refused. */
  readonly maxKeysetLifetimeSeconds: number;
}
