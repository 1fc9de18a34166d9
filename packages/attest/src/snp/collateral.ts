import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { SnpCollateral } from './evidence.ts';

/** The largest member: a CRL of 1 MiB in hex. */
const MAX_MEMBER = 1 << 21;

/** Reads collateral from parsed JSON (docs/protocol/evidence-snp.md); unknown members are refused. Throws `CORE_FIELD`. */
export function parseSnpCollateral(value: JsonValue): SnpCollateral {
  const fields = new Fields(value, 'collateral');
  const collateral: SnpCollateral = {
    endorsementCertificateHex: fields.string('endorsement_certificate_hex', MAX_MEMBER),
    issuerChainPem: fields.string('issuer_chain_pem', MAX_MEMBER),
    crlHex: fields.required('crl_hex') === null ? null : fields.string('crl_hex', MAX_MEMBER),
  };
  fields.done();
  return collateral;
}

/** The JSON value that `parseSnpCollateral` reads. */
export function encodeSnpCollateral(collateral: SnpCollateral): JsonObject {
  return {
    endorsement_certificate_hex: collateral.endorsementCertificateHex,
    issuer_chain_pem: collateral.issuerChainPem,
    crl_hex: collateral.crlHex,
  };
}
