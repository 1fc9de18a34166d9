import type { IntelCollateral } from '@dcml/attest';
import { encodeUtf8, type JsonObject, toHex } from '@dcml/core';
import { type CrlFields, writeCrl } from './certificate-writer.ts';
import { type EcKey, signEcdsa } from './ec-key.ts';
import { type SimulatedVendor, simulatedChainPem, simulatedSubjects } from './simulated-vendor.ts';
import {
  type DocumentKind,
  type DocumentWindow,
  simulatedQeIdentity,
  simulatedTcbInfo,
} from './tcb-documents.ts';

const HOUR_MS = 3_600_000;
const ISSUED_FOR_MS = 30 * 24 * HOUR_MS;

/** A CRL with deviations; `signer` signs in place of the rightful issuer. */
export interface CrlOptions extends Partial<CrlFields> {
  readonly signer?: EcKey;
}

export interface SimulatedCollateralOptions {
  /** Documents for TDX unless told otherwise. */
  readonly kind?: DocumentKind;
  /** Collateral is issued an hour before this moment and lives 30 days; default: the vendor's `nowMs`. */
  readonly nowMs?: number;
  readonly rootCrl?: CrlOptions;
  readonly pckCrl?: CrlOptions;
  readonly editTcbInfo?: (tcbInfo: JsonObject) => JsonObject;
  readonly editQeIdentity?: (qeIdentity: JsonObject) => JsonObject;
  /** Signs TCB info and QE identity in place of the TCB signing key. */
  readonly documentSigner?: EcKey;
}

function issueCrl(issuer: string, key: EcKey, window: DocumentWindow, options: CrlOptions = {}): string {
  const { signer, ...special } = options;
  const fields: CrlFields = {
    issuer,
    thisUpdateMs: window.issuedAtMs,
    nextUpdateMs: window.nextUpdateMs,
    revokedSerials: [],
    ...special,
  };
  return toHex(writeCrl(fields, signer ?? key));
}

/** Complete collateral of the simulated platform; every part can deviate, for tests of refusal. */
export function issueSimulatedCollateral(
  vendor: SimulatedVendor,
  options: SimulatedCollateralOptions = {},
): IntelCollateral {
  const issuedAtMs = (options.nowMs ?? vendor.nowMs) - HOUR_MS;
  const window: DocumentWindow = { issuedAtMs, nextUpdateMs: issuedAtMs + ISSUED_FOR_MS };
  const unedited = (document: JsonObject): JsonObject => document;
  const tcbInfo = JSON.stringify(
    (options.editTcbInfo ?? unedited)(simulatedTcbInfo(vendor.platform, window, options.kind)),
  );
  const qeIdentity = JSON.stringify(
    (options.editQeIdentity ?? unedited)(simulatedQeIdentity(window, options.kind)),
  );
  const documentSigner = options.documentSigner ?? vendor.keys.tcbSigning;
  const signature = (text: string): string => toHex(signEcdsa(documentSigner, encodeUtf8(text), 'raw'));
  return {
    pckCrlIssuerChainPem: simulatedChainPem(vendor, 'pckCa', 'root'),
    rootCaCrlHex: issueCrl(simulatedSubjects.root, vendor.keys.root, window, options.rootCrl),
    pckCrlHex: issueCrl(simulatedSubjects.pckCa, vendor.keys.pckCa, window, options.pckCrl),
    tcbInfoIssuerChainPem: simulatedChainPem(vendor, 'tcbSigning', 'root'),
    tcbInfo,
    tcbInfoSignatureHex: signature(tcbInfo),
    qeIdentityIssuerChainPem: simulatedChainPem(vendor, 'tcbSigning', 'root'),
    qeIdentity,
    qeIdentitySignatureHex: signature(qeIdentity),
  };
}
