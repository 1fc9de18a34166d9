import {
  type AzureSnpEvidence,
  type AzureTdxEvidence,
  type Evidence,
  encodeIntelCollateral,
  encodeRuntimeEvents,
  encodeSnpCollateral,
  type TpmQuote,
} from '@dcml/attest';
import { encodeUtf8, fromHex, type JsonObject, toBase64, toHex } from '@dcml/core';
import { encodeNvidiaCollateral } from '@dcml/evidence-files';

/** Evidence as people keep it: one file, and files with what belongs to it. */
export interface EvidenceFiles {
  readonly evidence: Uint8Array;
  /** By file name. */
  readonly collateral: Readonly<Record<string, Uint8Array>>;
}

const json = (value: JsonObject | readonly JsonObject[]): Uint8Array => encodeUtf8(JSON.stringify(value));

function tpmQuoteJson({ message, signature, pcrs }: TpmQuote): JsonObject {
  const last = Math.max(...pcrs.keys());
  const values = Array.from({ length: last + 1 }, (_, i) => pcrs.get(i) ?? new Uint8Array(32));
  return { message: toHex(message), signature: toHex(signature), pcrs: values.map((value) => toHex(value)) };
}

function azureJson(evidence: AzureSnpEvidence | AzureTdxEvidence): JsonObject {
  return {
    version: 1,
    hcl_report: toBase64(evidence.hclReport),
    tpm_quote: tpmQuoteJson(evidence.tpmQuote),
    ...(evidence.kind === 'azure-tdx' ? { td_quote: toBase64(evidence.quote) } : {}),
  };
}

const logOf = (log: Uint8Array | undefined): Record<string, Uint8Array> => (log ? { 'log.bin': log } : {});

export function asFiles(evidence: Evidence): EvidenceFiles {
  switch (evidence.kind) {
    case 'tdx':
      return {
        evidence: evidence.quote,
        collateral: {
          'intel.json': json(encodeIntelCollateral(evidence.collateral)),
          ...logOf(evidence.ccEventLog),
        },
      };
    case 'sgx':
      return {
        evidence: evidence.quote,
        collateral: { 'intel.json': json(encodeIntelCollateral(evidence.collateral)) },
      };
    case 'dstack-tdx':
      return {
        evidence: json({
          quote: toHex(evidence.quote),
          event_log: encodeRuntimeEvents(evidence.eventLog),
          report_data: '',
          vm_config: '{}',
        }),
        collateral: {
          'intel.json': json(encodeIntelCollateral(evidence.collateral)),
          'info.json': json({ tcb_info: JSON.stringify({ app_compose: evidence.appCompose }) }),
        },
      };
    case 'snp':
      return {
        evidence: evidence.report,
        collateral: { 'amd.json': json(encodeSnpCollateral(evidence.collateral)) },
      };
    case 'nitro':
      return { evidence: evidence.document, collateral: {} };
    case 'nvidia':
      return {
        evidence: json(
          evidence.devices.map(({ role, report, certificateChainPem }) => ({
            arch: role === 'gpu' ? 'HOPPER' : 'LS10',
            certificate: toBase64(encodeUtf8(certificateChainPem)),
            evidence: toBase64(report),
            nonce: '',
          })),
        ),
        collateral: { 'nvidia.json': json(encodeNvidiaCollateral(evidence)) },
      };
    case 'nras':
      return { evidence: encodeUtf8(evidence.token), collateral: { 'jwks.json': encodeUtf8(evidence.jwks) } };
    case 'tpm':
      return {
        evidence: json(tpmQuoteJson(evidence.quote)),
        collateral: {
          'ak.pem': encodeUtf8(evidence.akChainPem),
          ...Object.fromEntries(evidence.crlsHex.map((hex, i) => [`${i}.crl`, fromHex(hex)])),
          ...logOf(evidence.eventLog),
        },
      };
    case 'azure-snp':
      return {
        evidence: json(azureJson(evidence)),
        collateral: {
          'amd.json': json(encodeSnpCollateral(evidence.collateral)),
          ...logOf(evidence.eventLog),
        },
      };
    case 'azure-tdx':
      return {
        evidence: json(azureJson(evidence)),
        collateral: {
          'intel.json': json(encodeIntelCollateral(evidence.collateral)),
          ...logOf(evidence.eventLog),
        },
      };
  }
}
