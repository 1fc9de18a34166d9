import { type JsonObject, toHex } from '@dcml/core';
import type { PlatformIdentity } from './sgx-extension-writer.ts';

export interface DocumentWindow {
  readonly issuedAtMs: number;
  readonly nextUpdateMs: number;
}

const ZERO_48 = '00'.repeat(48);
/** Signer of the simulated quoting enclave. */
export const simulatedQeSigner: string = 'd0'.repeat(32);

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function components(svns: readonly number[]): JsonObject[] {
  return Array.from({ length: 16 }, (_, i) => ({ svn: svns[i] ?? 0 }));
}

/** TCB info version 3 of the simulated platform: the current level, and an older one that is out of date. */
export function simulatedTcbInfo(platform: PlatformIdentity, window: DocumentWindow): JsonObject {
  const level = (older: number, tcbStatus: string): JsonObject => ({
    tcb: {
      sgxtcbcomponents: components(Array.from(platform.cpuSvn, (svn) => Math.max(svn - older, 0))),
      pcesvn: platform.pceSvn - older,
      tdxtcbcomponents: components([5 - older, 0, 2 - older]),
    },
    tcbDate: '2024-03-13T00:00:00Z',
    tcbStatus,
    ...(older === 0 ? {} : { advisoryIDs: ['INTEL-SA-00000'] }),
  });
  const attributes = { attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) };
  return {
    id: 'TDX',
    version: 3,
    issueDate: instant(window.issuedAtMs),
    nextUpdate: instant(window.nextUpdateMs),
    fmspc: toHex(platform.fmspc).toUpperCase(),
    pceId: toHex(platform.pceId).toUpperCase(),
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
    tdxModule: { mrsigner: ZERO_48, ...attributes },
    tdxModuleIdentities: [
      {
        id: 'TDX_01',
        mrsigner: ZERO_48,
        ...attributes,
        tcbLevels: [
          { tcb: { isvsvn: 5 }, tcbDate: '2024-03-13T00:00:00Z', tcbStatus: 'UpToDate' },
          { tcb: { isvsvn: 2 }, tcbDate: '2023-08-09T00:00:00Z', tcbStatus: 'OutOfDate' },
        ],
      },
    ],
    tcbLevels: [level(0, 'UpToDate'), level(1, 'OutOfDate')],
  };
}

/** Identity version 2 of the simulated TD quoting enclave. */
export function simulatedQeIdentity(window: DocumentWindow): JsonObject {
  return {
    id: 'TD_QE',
    version: 2,
    issueDate: instant(window.issuedAtMs),
    nextUpdate: instant(window.nextUpdateMs),
    tcbEvaluationDataNumber: 17,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: '11000000000000000000000000000000',
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: simulatedQeSigner.toUpperCase(),
    isvprodid: 2,
    tcbLevels: [
      { tcb: { isvsvn: 4 }, tcbDate: '2024-03-13T00:00:00Z', tcbStatus: 'UpToDate' },
      { tcb: { isvsvn: 2 }, tcbDate: '2023-03-13T00:00:00Z', tcbStatus: 'OutOfDate' },
    ],
  };
}
