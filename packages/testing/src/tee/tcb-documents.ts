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

/** For which kind of quote a document is. */
export type DocumentKind = 'tdx' | 'sgx';

/** TCB info version 3 of the simulated platform: the current level, and an older one that is out of date. */
export function simulatedTcbInfo(
  platform: PlatformIdentity,
  window: DocumentWindow,
  kind: DocumentKind = 'tdx',
): JsonObject {
  const level = (older: number, tcbStatus: string): JsonObject => ({
    tcb: {
      sgxtcbcomponents: components(Array.from(platform.cpuSvn, (svn) => Math.max(svn - older, 0))),
      pcesvn: platform.pceSvn - older,
      ...(kind === 'tdx' ? { tdxtcbcomponents: components([5 - older, 0, 2 - older]) } : {}),
    },
    tcbDate: '2024-03-13T00:00:00Z',
    tcbStatus,
    ...(older === 0 ? {} : { advisoryIDs: ['INTEL-SA-00000'] }),
  });
  const platformInfo: JsonObject = {
    version: 3,
    issueDate: instant(window.issuedAtMs),
    nextUpdate: instant(window.nextUpdateMs),
    fmspc: toHex(platform.fmspc).toUpperCase(),
    pceId: toHex(platform.pceId).toUpperCase(),
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
  };
  const tcbLevels = [level(0, 'UpToDate'), level(1, 'OutOfDate')];
  if (kind === 'sgx') return { id: 'SGX', ...platformInfo, tcbLevels };
  const attributes = { attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) };
  return {
    id: 'TDX',
    ...platformInfo,
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
    tcbLevels,
  };
}

/** Identity version 2 of the simulated quoting enclave. */
export function simulatedQeIdentity(window: DocumentWindow, kind: DocumentKind = 'tdx'): JsonObject {
  return {
    id: kind === 'tdx' ? 'TD_QE' : 'QE',
    version: 2,
    issueDate: instant(window.issuedAtMs),
    nextUpdate: instant(window.nextUpdateMs),
    tcbEvaluationDataNumber: 17,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: '11000000000000000000000000000000',
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: simulatedQeSigner.toUpperCase(),
    isvprodid: kind === 'tdx' ? 2 : 1,
    tcbLevels: [
      { tcb: { isvsvn: 4 }, tcbDate: '2024-03-13T00:00:00Z', tcbStatus: 'UpToDate' },
      { tcb: { isvsvn: 2 }, tcbDate: '2023-03-13T00:00:00Z', tcbStatus: 'OutOfDate' },
    ],
  };
}
