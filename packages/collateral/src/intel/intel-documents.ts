import type { IntelPlatform } from './intel-platform.ts';
import type { SignedTextKind } from './signed-text-plan.ts';

/**
 * Which TCB recovery is asked for. `standard` and `early` are Intel's two tracks: `early` has a recovery as soon as it
 * is public, `standard` when platforms had time to take it.
 */
export type TcbUpdate = 'standard' | 'early' | { readonly tcbEvaluationDataNumber: number };

function updateQuery(update: TcbUpdate): Readonly<Record<string, string>> {
  if (typeof update === 'string') return { update };
  return { tcbEvaluationDataNumber: String(update.tcbEvaluationDataNumber) };
}

function updateName(update: TcbUpdate): string {
  return typeof update === 'string' ? update : `number-${update.tcbEvaluationDataNumber}`;
}

function updateExpected(update: TcbUpdate): Readonly<Record<string, number>> {
  return typeof update === 'string' ? {} : { tcbEvaluationDataNumber: update.tcbEvaluationDataNumber };
}

/** TCB info version 3 of a platform (PCS API v4, `/{tee}/certification/v4/tcb`). */
export function tcbInfoKind({ tee, fmspc }: IntelPlatform, update: TcbUpdate): SignedTextKind {
  return {
    what: `${tee.toUpperCase()} TCB info of ${fmspc}`,
    name: `tcb_${tee}_${fmspc}_${updateName(update)}`,
    path: `/${tee}/certification/v4/tcb`,
    query: { fmspc, ...updateQuery(update) },
    chainHeader: 'TCB-Info-Issuer-Chain',
    member: 'tcbInfo',
    expected: { id: tee, version: 3, fmspc, ...updateExpected(update) },
  };
}

/** Identity of the quoting enclave (PCS API v4, `/{tee}/certification/v4/qe/identity`). */
export function qeIdentityKind({ tee }: IntelPlatform, update: TcbUpdate): SignedTextKind {
  return {
    what: `${tee.toUpperCase()} QE identity`,
    name: `qe_${tee}_${updateName(update)}`,
    path: `/${tee}/certification/v4/qe/identity`,
    query: updateQuery(update),
    chainHeader: 'SGX-Enclave-Identity-Issuer-Chain',
    member: 'enclaveIdentity',
    expected: { id: tee === 'tdx' ? 'TD_QE' : 'QE', version: 2, ...updateExpected(update) },
  };
}
