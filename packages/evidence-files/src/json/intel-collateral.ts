import { type IntelCollateral, parseIntelCollateral } from '@dcml/attest';
import type { JsonObject, JsonValue } from '@dcml/core';
import { readDer } from '../der/read-der.ts';
import { brokenFile } from '../evidence-files-error.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { readPemBlocks } from '../text/pem.ts';
import { tryHex } from '../text/radix.ts';
import { objectWith, textMember } from './members.ts';
import { sourceOfMember } from './source-of-member.ts';

const WHAT = 'Intel collateral';

function derPart(der: Uint8Array | undefined, name: string): Part {
  const part = der && readDer(der);
  if (part === undefined) throw brokenFile(WHAT, `${name} holds something else than certificates or CRLs`);
  return part;
}

function chainParts(pem: string, name: string): Part[] {
  return readPemBlocks(pem).map(({ bytes }) => derPart(bytes, name));
}

/** The same documents one by one. Throws `EVIDENCE_FILE_BROKEN`. */
function splitIntelCollateral(collateral: IntelCollateral): Part[] {
  return [
    ...chainParts(collateral.pckCrlIssuerChainPem, 'the issuer chain of the PCK CRL'),
    ...chainParts(collateral.tcbInfoIssuerChainPem, 'the issuer chain of the TCB info'),
    ...chainParts(collateral.qeIdentityIssuerChainPem, 'the issuer chain of the QE identity'),
    derPart(tryHex(collateral.rootCaCrlHex), 'the root CRL'),
    derPart(tryHex(collateral.pckCrlHex), 'the PCK CRL'),
    { type: 'tcb-info', text: collateral.tcbInfo, signatureHex: collateral.tcbInfoSignatureHex },
    { type: 'qe-identity', text: collateral.qeIdentity, signatureHex: collateral.qeIdentitySignatureHex },
  ];
}

/** The members that Phala's dcap-qvl writes. */
function readPhala(object: JsonObject): IntelCollateral {
  const text = (name: string): string => textMember(object, name, WHAT);
  return {
    pckCrlIssuerChainPem: text('pck_crl_issuer_chain'),
    rootCaCrlHex: text('root_ca_crl'),
    pckCrlHex: text('pck_crl'),
    tcbInfoIssuerChainPem: text('tcb_info_issuer_chain'),
    tcbInfo: text('tcb_info'),
    tcbInfoSignatureHex: text('tcb_info_signature'),
    qeIdentityIssuerChainPem: text('qe_identity_issuer_chain'),
    qeIdentity: text('qe_identity'),
    qeIdentitySignatureHex: text('qe_identity_signature'),
  };
}

/** Complete Intel collateral, ours or Phala's, or one answer of Intel's service. */
export function readIntelCollateral(value: JsonValue, text: string): FileContents | undefined {
  const ours = objectWith(value, 'pck_crl_hex', 'tcb_info', 'qe_identity');
  if (ours !== undefined) {
    return oneSubject('Intel collateral', ...splitIntelCollateral(parseIntelCollateral(ours)));
  }
  const phala = objectWith(value, 'pck_crl', 'tcb_info', 'qe_identity');
  if (phala !== undefined) {
    return oneSubject('Intel collateral (dcap-qvl)', ...splitIntelCollateral(readPhala(phala)));
  }
  const tcbInfo = objectWith(value, 'tcbInfo', 'signature');
  if (tcbInfo !== undefined) {
    const source = sourceOfMember(text, 'tcbInfo') ?? '';
    const signatureHex = textMember(tcbInfo, 'signature', 'TCB info');
    return oneSubject('Intel TCB info', { type: 'tcb-info', text: source, signatureHex });
  }
  const identity = objectWith(value, 'enclaveIdentity', 'signature');
  if (identity === undefined) return undefined;
  const source = sourceOfMember(text, 'enclaveIdentity') ?? '';
  const signatureHex = textMember(identity, 'signature', 'QE identity');
  return oneSubject('Intel QE identity', { type: 'qe-identity', text: source, signatureHex });
}
