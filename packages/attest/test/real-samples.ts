import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  type IntelCollateral,
  parseSgxQuote,
  parseTdxQuote,
  type TdxEvidence,
  verifyEvidence,
} from '@dcml/attest';
import { Fields, parseJson, toHex } from '@dcml/core';

// Captured evidence of third parties lies beside the repository and is never part of it.
const root = process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../shared/evidence');
const tdx = join(root, 'tdx');

export const hasSamples: boolean = existsSync(tdx);
if (!hasSamples)
  console.warn(`SKIPPED: no captured evidence at ${root}; set DCML_EVIDENCE to check real quotes`);

export const readSample = (name: string): Uint8Array => new Uint8Array(readFileSync(join(root, name)));
const readText = (name: string): string => readFileSync(join(root, name), 'utf8');
/** Names of all captured quotes of a kind. */
export const listQuotes = (kind: 'tdx' | 'sgx'): string[] =>
  readdirSync(join(root, kind)).filter(
    (name) => /\.(?:bin|dat)$/.test(name) && !/ccel|CCEL|tdreport|report_pem|nonce/.test(name),
  );

/** Collateral in the form of a `collateral.json` of the samples. */
function bundle(name: string): IntelCollateral {
  const fields = new Fields(parseJson(readText(name)), name);
  const read = (member: string): string => fields.string(member, 1 << 20);
  return {
    pckCrlIssuerChainPem: read('pck_crl_issuer_chain'),
    rootCaCrlHex: read('root_ca_crl'),
    pckCrlHex: read('pck_crl'),
    tcbInfoIssuerChainPem: read('tcb_info_issuer_chain'),
    tcbInfo: read('tcb_info'),
    tcbInfoSignatureHex: read('tcb_info_signature'),
    qeIdentityIssuerChainPem: read('qe_identity_issuer_chain'),
    qeIdentity: read('qe_identity'),
    qeIdentitySignatureHex: read('qe_identity_signature'),
  };
}

/** The exact signed text and its signature in an answer of Intel's service: `{"<member>":<text>,"signature":"<hex>"}`. */
function signedText(name: string, member: string): { text: string; signature: string } {
  const answer = readText(`tdx/${name}`);
  const [start, end] = [
    answer.indexOf(`"${member}":`) + member.length + 3,
    answer.lastIndexOf(',"signature"'),
  ];
  return {
    text: answer.slice(start, end),
    signature: new Fields(parseJson(answer), name).string('signature'),
  };
}

interface Parts {
  readonly tcbInfo: string;
  readonly qeIdentity?: string;
  readonly pckCrl?: string;
}

function replaceParts(base: IntelCollateral, parts: Parts): IntelCollateral {
  const tcb = signedText(parts.tcbInfo, 'tcbInfo');
  const qe = parts.qeIdentity === undefined ? undefined : signedText(parts.qeIdentity, 'enclaveIdentity');
  return {
    ...base,
    tcbInfo: tcb.text,
    tcbInfoSignatureHex: tcb.signature,
    ...(qe === undefined ? {} : { qeIdentity: qe.text, qeIdentitySignatureHex: qe.signature }),
    ...(parts.pckCrl === undefined ? {} : { pckCrlHex: toHex(readSample(`tdx/${parts.pckCrl}`)) }),
  };
}

export interface CollateralSet {
  readonly collateral: IntelCollateral;
  readonly nowMs: number;
}

/** The collateral sets of the samples' index, each with the moment at which it is valid. */
export function collateralSet(name: string): CollateralSet {
  const at = (day: string, collateral: IntelCollateral): CollateralSet => ({
    collateral,
    nowMs: Date.parse(day),
  });
  const automata = (set: string): string => `automata-collateral-${set}`;
  switch (name) {
    case 'phala':
      return at('2025-06-25', bundle('tdx/phala-tdx_quote.collateral.json'));
    case 'near':
      return at('2025-09-10', bundle('tdx/phala-near-gas.collateral.json'));
    case 'outd':
      return at('2026-02-25', bundle('tdx/phala-tdx_quote_outdated.collateral.json'));
    case 'g90_2026':
      return at(
        '2026-02-25',
        replaceParts(collateralSet('outd').collateral, { tcbInfo: 'google-collateral-tcbInfo_v5.json' }),
      );
    case 'a90_0625':
    case 'a80_0625': {
      const fmspc = name === 'a90_0625' ? '90C06F000000' : '00806f050000';
      const tcbInfo = automata(`0625-tcbinfov3_${fmspc}.json`);
      const parts = { tcbInfo, qeIdentity: automata('0625-qe_td.json') };
      return at('2025-06-25', replaceParts(collateralSet('phala').collateral, parts));
    }
    case 'a80_0725': {
      const parts = {
        tcbInfo: automata('solana-tcb_info_v3_with_tdx_module.json'),
        qeIdentity: automata('solana-qe_identity.json'),
        pckCrl: automata('solana-pck_platform_crl.der'),
      };
      return at('2025-07-10', replaceParts(collateralSet('phala').collateral, parts));
    }
    case 'a80_1025': {
      const parts = {
        tcbInfo: automata('1025-tcb_info.json'),
        qeIdentity: automata('1025-identity.json'),
        pckCrl: automata('1025-pck_crl.der'),
      };
      return at('2025-10-25', replaceParts(collateralSet('phala').collateral, parts));
    }
    case 'sgx':
      return at('2025-06-25', bundle('sgx/phala-sgx_quote.collateral.json'));
    case 's606a': {
      const parts = {
        tcbInfo: automata('0825-sgx_tcbinfov3_00606a000000.json'),
        qeIdentity: automata('0825-sgx_qeidentity_v4.json'),
        pckCrl: automata('0825-platform_crl.der'),
      };
      return at('2025-08-20', replaceParts(collateralSet('phala').collateral, parts));
    }
    default:
      throw new RangeError(`no collateral set ${name}`);
  }
}

/** Real quotes carry no application that we know: everything else of the strict default policy stands. */
export const samplePolicy: EvidencePolicy = { ...defaultPolicy, composeHashes: null };

/** Verifies a captured TDX quote under a collateral set at its moment. */
export function verifySample(
  name: string,
  set: string,
  parts: Partial<TdxEvidence> = {},
): Promise<EvidenceVerdict> {
  const quote = parts.quote ?? readSample(`tdx/${name}`);
  const { collateral, nowMs } = collateralSet(set);
  const expectedReportData = parseTdxQuote(quote).body.reportData;
  const options = { policy: samplePolicy, expectedReportData, nowMs };
  return verifyEvidence({ kind: 'tdx', collateral, ...parts, quote }, options);
}

/** The same for a captured SGX quote. */
export function verifySgxSample(
  name: string,
  set: string,
  policy: EvidencePolicy = samplePolicy,
): Promise<EvidenceVerdict> {
  const quote = readSample(`sgx/${name}`);
  const { collateral, nowMs } = collateralSet(set);
  const expectedReportData = parseSgxQuote(quote).body.reportData;
  return verifyEvidence({ kind: 'sgx', quote, collateral }, { policy, expectedReportData, nowMs });
}
