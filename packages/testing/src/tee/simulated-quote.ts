import { encodeUtf8, fromHex, sha384 } from '@dcml/core';
import type { EcKey } from './ec-key.ts';
import type { QeReportFields } from './enclave-report-writer.ts';
import type { QuoteEnvelope } from './quote-signature-writer.ts';
import { type TdReportFields, writeTdxQuote } from './quote-writer.ts';
import { replayRegisters, simulatedBootEvents } from './runtime-registers.ts';
import { type SimulatedVendor, simulatedChainPem } from './simulated-vendor.ts';
import { simulatedQeSigner } from './tcb-documents.ts';

/** MRTD of every simulated guest. */
export const simulatedMrTd: Uint8Array = sha384(encodeUtf8('dcml SIMULATED firmware'));

/** How a simulated quote of either kind deviates. */
export interface EnvelopeOptions {
  readonly qe?: Partial<QeReportFields>;
  readonly version?: number;
  readonly attestationKeyType?: number;
  readonly teeType?: number;
  readonly authData?: Uint8Array;
  readonly certificationType?: number;
  readonly pckChainPem?: string;
  readonly zeroPadding?: number;
  readonly attestationKey?: EcKey;
  readonly pckKey?: EcKey;
}

export interface SimulatedQuoteOptions extends EnvelopeOptions {
  readonly td?: Partial<TdReportFields>;
  readonly bodyType?: number;
  readonly bodySize?: number;
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
    rtmrs: replayRegisters(simulatedBootEvents({ appCompose: '', instanceId: new Uint8Array(20) })),
    reportData: new Uint8Array(64),
  };
}

/** What a TD report 1.5 has more: the module that runs is the one that created the guest, and no service TD. */
export const simulatedTd15: Pick<TdReportFields, 'teeTcbSvn2' | 'mrServiceTd'> = {
  teeTcbSvn2: fromHex('05010200000000000000000000000000'),
  mrServiceTd: new Uint8Array(48),
};

/** Report of the quoting enclave: product 1 quotes SGX enclaves, 2 trust domains. */
function simulatedQeReport(isvProdId: 1 | 2): QeReportFields {
  return {
    cpuSvn: fromHex('0303191b04ff00060000000000000000'),
    miscSelect: new Uint8Array(4),
    attributes: fromHex('1500000000000000e700000000000000'),
    mrEnclave: fromHex('e5'.repeat(32)),
    mrSigner: fromHex(simulatedQeSigner),
    isvProdId,
    isvSvn: 6,
    reportData: undefined,
  };
}

/** The envelope of a simulated quote. */
export function simulatedEnvelope(
  vendor: SimulatedVendor,
  options: EnvelopeOptions,
  defaults: { readonly version: number; readonly teeType: number; readonly qeProduct: 1 | 2 },
): QuoteEnvelope {
  return {
    version: options.version ?? defaults.version,
    attestationKeyType: options.attestationKeyType ?? 2,
    teeType: options.teeType ?? defaults.teeType,
    qe: { ...simulatedQeReport(defaults.qeProduct), ...options.qe },
    authData: options.authData ?? Uint8Array.from({ length: 32 }, (_, i) => i),
    certificationType: options.certificationType ?? 5,
    pckChainPem: options.pckChainPem ?? simulatedChainPem(vendor, 'pck', 'pckCa', 'root'),
    zeroPadding: options.zeroPadding ?? 0,
  };
}

/** A TDX quote (version 4 unless told otherwise) under the simulated root; every part can deviate, for tests of refusal. */
export function signSimulatedQuote(
  vendor: SimulatedVendor,
  options: SimulatedQuoteOptions = {},
): Uint8Array<ArrayBuffer> {
  const { bodyType, bodySize } = options;
  return writeTdxQuote(
    {
      ...simulatedEnvelope(vendor, options, { version: 4, teeType: 0x81, qeProduct: 2 }),
      td: { ...simulatedTdReport(), ...options.td },
      ...(bodyType === undefined ? {} : { bodyType }),
      ...(bodySize === undefined ? {} : { bodySize }),
    },
    options.attestationKey ?? vendor.keys.attestation,
    options.pckKey ?? vendor.keys.pck,
  );
}
