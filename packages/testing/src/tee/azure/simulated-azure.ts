import type { AzureSnpEvidence, AzureTdxEvidence, TpmQuote } from '@dcml/attest';
import { concatBytes, encodeUtf8, sha256, toBase64Url } from '@dcml/core';
import { writeEventLog } from '../event-log/event-log-writer.ts';
import { simulatedBootLog } from '../event-log/simulated-boot.ts';
import type { SigningKey } from '../signing-key.ts';
import { issueSimulatedCollateral } from '../simulated-collateral.ts';
import { signSimulatedQuote, simulatedTdReport } from '../simulated-quote.ts';
import type { SimulatedVendor } from '../simulated-vendor.ts';
import type { SimulatedAmdVendor } from '../snp/simulated-amd-vendor.ts';
import { issueSimulatedSnpCollateral } from '../snp/simulated-snp-collateral.ts';
import { signSimulatedSnpReport } from '../snp/simulated-snp-report.ts';
import { quoteSimulatedTpm, type SimulatedTpmQuoteOptions } from '../tpm/simulated-tpm.ts';
import { type HclReportFields, hclReportFields, writeHclReport } from './hcl-report-writer.ts';
import { type TdReportExtras, writeTdReport } from './td-report-writer.ts';

/** The modulus of an RSA key of 2,048 bits, base64url. */
export function rsaModulus(key: SigningKey): string {
  // In a SubjectPublicKeyInfo of this length the modulus is followed by the five bytes of the exponent.
  return toBase64Url(key.spki.subarray(-5 - 256, -5));
}

export interface RuntimeKey {
  readonly kid: string;
  readonly key_ops: readonly string[];
  readonly kty: string;
  readonly e: string;
  readonly n: string;
}

/** The JSON of the paravisor: the vTPM's keys, the machine's settings, the guest's own 64 bytes. */
export function simulatedRuntimeClaims(attestationKey: SigningKey): {
  readonly keys: readonly RuntimeKey[];
  readonly 'vm-configuration': Readonly<Record<string, unknown>>;
  readonly 'user-data': string;
} {
  const n = rsaModulus(attestationKey);
  return {
    keys: [
      { kid: 'HCLAkPub', key_ops: ['sign'], kty: 'RSA', e: 'AQAB', n },
      { kid: 'HCLEkPub', key_ops: ['encrypt'], kty: 'RSA', e: 'AQAB', n },
    ],
    'vm-configuration': {
      'console-enabled': false,
      'secure-boot': true,
      'tpm-enabled': true,
      vmUniqueId: '00000000-0000-4000-8000-00000000D0C1',
    },
    'user-data': '00'.repeat(64),
  };
}

/** How simulated evidence of an Azure machine deviates, for tests of refusal. */
export interface SimulatedAzureOptions {
  /** The text of the runtime data. */
  readonly runtimeText?: string;
  /** What the hardware report binds, in place of the hash of the runtime data. */
  readonly hardwareReportData?: Uint8Array;
  readonly hcl?: Partial<HclReportFields>;
  readonly tpm?: SimulatedTpmQuoteOptions;
  readonly tpmQuote?: TpmQuote;
  /** In TDX only: fields of the TD report that the quote does not share. */
  readonly tdReport?: Partial<ReturnType<typeof simulatedTdReport>>;
  readonly tdReportExtras?: TdReportExtras;
}

interface Common {
  readonly runtimeData: Uint8Array;
  readonly bound: Uint8Array;
  readonly tpmQuote: TpmQuote;
  readonly eventLog: Uint8Array;
}

function common(attestationKey: SigningKey, options: SimulatedAzureOptions): Common {
  const text = options.runtimeText ?? JSON.stringify(simulatedRuntimeClaims(attestationKey));
  const runtimeData = encodeUtf8(text);
  return {
    runtimeData,
    bound: options.hardwareReportData ?? concatBytes(sha256(runtimeData), new Uint8Array(32)),
    tpmQuote: options.tpmQuote ?? quoteSimulatedTpm(attestationKey, { form: 'raw', ...options.tpm }),
    eventLog: writeEventLog(simulatedBootLog()),
  };
}

/** Evidence of a simulated confidential VM on SEV-SNP. `attestationKey` is RSA. */
export function simulatedAzureSnp(
  vendor: SimulatedAmdVendor,
  attestationKey: SigningKey,
  options: SimulatedAzureOptions = {},
): AzureSnpEvidence {
  const { runtimeData, bound, tpmQuote, eventLog } = common(attestationKey, options);
  const report = signSimulatedSnpReport(vendor, 3, { fields: { reportData: bound } });
  return {
    kind: 'azure-snp',
    hclReport: writeHclReport({ ...hclReportFields('snp', report, runtimeData), ...options.hcl }),
    tpmQuote,
    eventLog,
    collateral: issueSimulatedSnpCollateral(vendor),
  };
}

/** Evidence of a simulated confidential VM on TDX. `attestationKey` is RSA. */
export function simulatedAzureTdx(
  vendor: SimulatedVendor,
  attestationKey: SigningKey,
  options: SimulatedAzureOptions = {},
): AzureTdxEvidence {
  const { runtimeData, bound, tpmQuote, eventLog } = common(attestationKey, options);
  const td = { ...simulatedTdReport(), reportData: bound };
  const report = writeTdReport({ ...td, ...options.tdReport }, options.tdReportExtras);
  return {
    kind: 'azure-tdx',
    hclReport: writeHclReport({ ...hclReportFields('tdx', report, runtimeData), ...options.hcl }),
    tpmQuote,
    eventLog,
    quote: signSimulatedQuote(vendor, { td: { reportData: bound } }),
    collateral: issueSimulatedCollateral(vendor),
  };
}
