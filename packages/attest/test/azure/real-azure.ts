import type { TpmQuote } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import { readSample } from '../real-samples.ts';
import { certificateHex } from '../snp/real-snp.ts';
import { allPcrs, sampleText } from '../tpm/real-tpm.ts';

interface QuoteJson {
  readonly message: number[] | string;
  readonly signature: number[] | string;
  readonly pcrs: (number[] | string)[];
}

interface EvidenceJson {
  readonly quote?: QuoteJson;
  readonly tpm_quote?: QuoteJson;
  readonly report?: number[];
  readonly hcl_report?: number[] | string;
  readonly vcek?: string;
  readonly td_quote?: number[] | string;
}

export interface AzureSample {
  readonly hclReport: Uint8Array;
  readonly tpmQuote: TpmQuote;
  readonly vcekHex: string;
  readonly tdQuote: Uint8Array;
}

const anyBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const fromJson = (value: number[] | string): Uint8Array =>
  typeof value === 'string' ? fromHex(value) : Uint8Array.from(value);
const reportOf = (value: number[] | string | undefined): Uint8Array =>
  typeof value === 'string' ? anyBase64(value) : Uint8Array.from(value ?? []);

function quoteOf({ message, signature, pcrs }: QuoteJson): TpmQuote {
  return {
    message: fromJson(message),
    signature: fromJson(signature),
    bank: 'sha256',
    pcrs: allPcrs(pcrs.map(fromJson)),
  };
}

/** Trustee's evidence, version 0 (arrays of numbers) or 1 (hex and base64). */
export function azureEvidence(name: string): AzureSample {
  const json = JSON.parse(sampleText(name)) as EvidenceJson;
  const { vcek = '' } = json;
  const der = vcek.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '');
  return {
    hclReport: reportOf(json.report ?? json.hcl_report),
    tpmQuote: quoteOf((json.quote ?? json.tpm_quote)!),
    vcekHex: toHex(anyBase64(der)),
    tdQuote: reportOf(json.td_quote),
  };
}

/** The parts that lie in files of their own. */
export function azureFiles(folder: 'az-snp-vtpm' | 'az-tdx-vtpm'): AzureSample {
  return {
    hclReport: readSample(`${folder}/coco-hcl-report.bin`),
    tpmQuote: quoteOf(JSON.parse(sampleText(`${folder}/coco-tpm-quote-v1.json`)) as QuoteJson),
    vcekHex: folder === 'az-snp-vtpm' ? certificateHex('az-snp-vtpm/coco-vcek.pem') : '',
    tdQuote: folder === 'az-tdx-vtpm' ? readSample('az-tdx-vtpm/coco-td-quote.bin') : new Uint8Array(0),
  };
}
