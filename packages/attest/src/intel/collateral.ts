import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { IntelCollateral } from '../intel/collateral-types.ts';

const members: Readonly<Record<keyof IntelCollateral, string>> = {
  pckCrlIssuerChainPem: 'pck_crl_issuer_chain_pem',
  rootCaCrlHex: 'root_ca_crl_hex',
  pckCrlHex: 'pck_crl_hex',
  tcbInfoIssuerChainPem: 'tcb_info_issuer_chain_pem',
  tcbInfo: 'tcb_info',
  tcbInfoSignatureHex: 'tcb_info_signature_hex',
  qeIdentityIssuerChainPem: 'qe_identity_issuer_chain_pem',
  qeIdentity: 'qe_identity',
  qeIdentitySignatureHex: 'qe_identity_signature_hex',
};

/** The largest member: a CRL of 1 MiB in hex. */
const MAX_MEMBER = 1 << 21;

/** Reads collateral from parsed JSON (docs/protocol/evidence.md); unknown members are refused. Throws `CORE_FIELD`. */
export function parseIntelCollateral(value: JsonValue): IntelCollateral {
  const fields = new Fields(value, 'collateral');
  const read = (member: keyof IntelCollateral): string => fields.string(members[member], MAX_MEMBER);
  const collateral: IntelCollateral = {
    pckCrlIssuerChainPem: read('pckCrlIssuerChainPem'),
    rootCaCrlHex: read('rootCaCrlHex'),
    pckCrlHex: read('pckCrlHex'),
    tcbInfoIssuerChainPem: read('tcbInfoIssuerChainPem'),
    tcbInfo: read('tcbInfo'),
    tcbInfoSignatureHex: read('tcbInfoSignatureHex'),
    qeIdentityIssuerChainPem: read('qeIdentityIssuerChainPem'),
    qeIdentity: read('qeIdentity'),
    qeIdentitySignatureHex: read('qeIdentitySignatureHex'),
  };
  fields.done();
  return collateral;
}

/** The JSON value that `parseIntelCollateral` reads. */
export function encodeIntelCollateral(collateral: IntelCollateral): JsonObject {
  return Object.fromEntries(
    (Object.keys(members) as (keyof IntelCollateral)[]).map((member) => [
      members[member],
      collateral[member],
    ]),
  );
}
