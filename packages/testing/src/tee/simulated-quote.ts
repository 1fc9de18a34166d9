import { encodeUtf8, fromHex, sha384 } from '@dcml/core';
import type { EcKey } from './ec-key.ts';
import { type QeReportFields, type TdReportFields, writeTdxQuote } from './quote-writer.ts';
import { type SimulatedVendor, simulatedChainPem } from './simulated-vendor.ts';
import { simulatedQeSigner } from './tcb-documents.ts';

/** MRTD of every simulated guest. */
export const simulatedMrTd: Uint8Array = sha384(encodeUtf8('dcml SIMULATED firmware'));

export interface SimulatedQuoteOptions {
  readonly td?: Partial<TdReportFields>;
  readonly qe?: Partial<QeReportFields>;
  readonly version?: number;
  readonly attestationKeyType?: number;
  readonly teeType?: number;
  readonly authData?: Uint8Array;
  readonly pckChainPem?: string;
  readonly zeroPadding?: number;
  readonly attestationKey?: EcKey;
  readonly pckKey?: EcKey;
}

/** A TD report without debug, SEPT_VE_DISABLE set, on the platform's current TDX module. */
export function simulatedTdReport(): TdReportFields {
  return {
    teeTcbSvn: fromHex('05010200000000000000000000000000'),
    mrSeam: sha384(encodeUtf8('dcml SIMULATED TDX module')),
    mrSignerSeam: new Uint8Array(48),
    seamAttributes: new Uint8Array(8),
    tdAttributes: fromHex('0000001000000000'),
    xfam: fromHex('e702060000000000'),
    mrTd: simulatedMrTd,
    mrConfigId: new Uint8Array(48),
    mrOwner: new Uint8Array(48),
    mrOwnerConfig: new Uint8Array(48),
    rtmrs: Array.from({ length: 4 }, () => new Uint8Array(48)),
    reportData: new Uint8Array(64),
  };
}

function simulatedQeReport(): QeReportFields {
  return {
    cpuSvn: fromHex('0303191b04ff00060000000000000000'),
    miscSelect: new Uint8Array(4),
    attributes: fromHex('1500000000000000e700000000000000'),
    mrEnclave: fromHex('e5'.repeat(32)),
    mrSigner: fromHex(simulatedQeSigner),
    isvProdId: 2,
    isvSvn: 6,
    reportData: undefined,
  };
}

/** A TDX quote v4 under the simulated root; every part can deviate, for tests of refusal. */
export function signSimulatedQuote(
  vendor: SimulatedVendor,
  options: SimulatedQuoteOptions = {},
): Uint8Array<ArrayBuffer> {
  return writeTdxQuote(
    {
      version: options.version ?? 4,
      attestationKeyType: options.attestationKeyType ?? 2,
      teeType: options.teeType ?? 0x81,
      td: { ...simulatedTdReport(), ...options.td },
      qe: { ...simulatedQeReport(), ...options.qe },
      authData: options.authData ?? Uint8Array.from({ length: 32 }, (_, i) => i),
      pckChainPem: options.pckChainPem ?? simulatedChainPem(vendor, 'pck', 'pckCa', 'root'),
      zeroPadding: options.zeroPadding ?? 0,
    },
    options.attestationKey ?? vendor.keys.attestation,
    options.pckKey ?? vendor.keys.pck,
  );
}
