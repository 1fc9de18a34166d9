import type { TdxCollateral } from '@dcml/attest';
import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import { readAs } from './receipt-error.ts';

const MAX_TEXT = 1 << 20;

export function encodeCollateral(collateral: TdxCollateral): JsonObject {
  return {
    pck_crl_issuer_chain_pem: collateral.pckCrlIssuerChainPem,
    root_ca_crl_hex: collateral.rootCaCrlHex,
    pck_crl_hex: collateral.pckCrlHex,
    tcb_info_issuer_chain_pem: collateral.tcbInfoIssuerChainPem,
    tcb_info: collateral.tcbInfo,
    tcb_info_signature_hex: collateral.tcbInfoSignatureHex,
    qe_identity_issuer_chain_pem: collateral.qeIdentityIssuerChainPem,
    qe_identity: collateral.qeIdentity,
    qe_identity_signature_hex: collateral.qeIdentitySignatureHex,
  };
}

/** Shape only; the verifier checks every signature in it. Throws `RECEIPT_COLLATERAL`. */
export function collateralFromJson(value: JsonValue): TdxCollateral {
  return readAs('RECEIPT_COLLATERAL', () => {
    const fields = new Fields(value, 'collateral');
    const text = (name: string): string => fields.string(name, MAX_TEXT);
    const collateral: TdxCollateral = {
      pckCrlIssuerChainPem: text('pck_crl_issuer_chain_pem'),
      rootCaCrlHex: text('root_ca_crl_hex'),
      pckCrlHex: text('pck_crl_hex'),
      tcbInfoIssuerChainPem: text('tcb_info_issuer_chain_pem'),
      tcbInfo: text('tcb_info'),
      tcbInfoSignatureHex: text('tcb_info_signature_hex'),
      qeIdentityIssuerChainPem: text('qe_identity_issuer_chain_pem'),
      qeIdentity: text('qe_identity'),
      qeIdentitySignatureHex: text('qe_identity_signature_hex'),
    };
    fields.done();
    return collateral;
  });
}
