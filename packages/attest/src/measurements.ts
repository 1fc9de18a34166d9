import type { TcbStatus } from './policy.ts';

/** What authentic evidence measured. Byte strings as lowercase hex. */
export interface Measurements {
  readonly mrTd: string;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly string[];
  readonly reportData: string;
  /** Null unless the event log proves it. */
  readonly composeHash: string | null;
  /** Null unless the collateral is authentic and covers the platform. */
  readonly tcbStatus: TcbStatus | null;
  readonly advisories: readonly string[];
  readonly fmspc: string;
  /** Names the processor package: its PPID. */
  readonly platformId: string;
}
