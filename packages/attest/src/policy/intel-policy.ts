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

/** What is accepted of TDX and SGX. Lists hold lowercase hex; `null` accepts any value. */
export interface IntelPolicy {
  readonly allowedTcbStatuses: readonly TcbStatus[];
  /** Advisory ids (INTEL-SA-…) that do not count against a platform. */
  readonly allowedAdvisories: readonly string[];
  /** Collateral of an older TCB recovery is refused; absent accepts any. */
  readonly minTcbEvaluationDataNumber?: number;
  readonly mrTds: readonly string[] | null;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly [
    readonly string[] | null,
    readonly string[] | null,
    readonly string[] | null,
    readonly string[] | null,
  ];
  readonly mrEnclaves: readonly string[] | null;
  readonly mrSigners: readonly string[] | null;
  /** The least ISVSVN of an SGX enclave. */
  readonly minIsvSvn: number;
}
