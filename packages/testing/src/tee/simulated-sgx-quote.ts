import { concatBytes, encodeUtf8, fromHex, sha256 } from '@dcml/core';
import { type EnclaveReportFields, writeEnclaveReport } from './enclave-report-writer.ts';
import { writeQuote } from './quote-signature-writer.ts';
import { type EnvelopeOptions, simulatedEnvelope } from './simulated-quote.ts';
import type { SimulatedVendor } from './simulated-vendor.ts';

export interface SimulatedSgxQuoteOptions extends EnvelopeOptions {
  readonly enclave?: Partial<EnclaveReportFields>;
}

/** The report of an initialized enclave without debug. */
export function simulatedEnclaveReport(): EnclaveReportFields {
  return {
    cpuSvn: fromHex('0303191b04ff00060000000000000000'),
    miscSelect: new Uint8Array(4),
    attributes: concatBytes(fromHex('0500000000000000'), fromHex('e700000000000000')),
    mrEnclave: sha256(encodeUtf8('dcml SIMULATED enclave')),
    mrSigner: sha256(encodeUtf8('dcml SIMULATED enclave signer')),
    isvProdId: 3,
    isvSvn: 4,
    reportData: new Uint8Array(64),
  };
}

/** An SGX quote version 3 under the simulated root; every part can deviate, for tests of refusal. */
export function signSimulatedSgxQuote(
  vendor: SimulatedVendor,
  options: SimulatedSgxQuoteOptions = {},
): Uint8Array<ArrayBuffer> {
  const envelope = simulatedEnvelope(vendor, options, { version: 3, teeType: 0, qeProduct: 1 });
  const report = writeEnclaveReport({ ...simulatedEnclaveReport(), ...options.enclave });
  const { attestation, pck } = vendor.keys;
  return writeQuote(envelope, report, false, options.attestationKey ?? attestation, options.pckKey ?? pck);
}
