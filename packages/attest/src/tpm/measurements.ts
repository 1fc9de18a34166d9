import { toHex } from '@dcml/core';
import type { CommonMeasurements } from '../measurements.ts';
import type { QuotedPcrs } from './authenticate-quote.ts';
import type { PcrBank } from './evidence.ts';
import type { TpmAttest } from './parse-attest.ts';

/** What an authentic quote says. Byte strings as lowercase hex. */
export interface QuotedState {
  readonly bank: PcrBank;
  /** Quoted values by PCR number. */
  readonly pcrs: Readonly<Record<string, string>>;
  /** Names the key within its TPM: a hash over the hierarchy and the key's public area. */
  readonly qualifiedSigner: string;
  /** TPM resets since its owner was cleared, and resumes since the last reset: both go up at every boot or resume. */
  readonly resetCount: number;
  readonly restartCount: number;
  /** Milliseconds, as a decimal number; `isClockSafe` says that it never went back. */
  readonly clockMs: string;
  readonly isClockSafe: boolean;
  readonly firmwareVersion: string;
}

/** `platformId` is SHA-256 of the attestation key. */
export interface TpmMeasurements extends CommonMeasurements {
  readonly kind: 'tpm';
  readonly tpm: QuotedState;
}

export function quotedState(attest: TpmAttest, pcrs: QuotedPcrs): QuotedState {
  return {
    bank: attest.bank,
    pcrs: Object.fromEntries([...pcrs].map(([pcr, value]) => [pcr, toHex(value)])),
    qualifiedSigner: toHex(attest.qualifiedSigner),
    resetCount: attest.resetCount,
    restartCount: attest.restartCount,
    clockMs: attest.clockMs.toString(),
    isClockSafe: attest.isClockSafe,
    firmwareVersion: toHex(attest.firmwareVersion),
  };
}
