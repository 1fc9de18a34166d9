import { equalBytes, fromHex, toHex } from '@dcml/core';
import { type DerReader, derTags } from './der-reader.ts';

export type SignatureAlgorithm =
  | 'ecdsa-sha256'
  | 'ecdsa-sha384'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-sha256'
  | 'rsa-sha384'
  | 'rsa-sha512';

const PSS_SHA384 =
  'a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130';

/** Whole AlgorithmIdentifiers in DER: parameters are part of what is compared. */
const encodings: readonly (readonly [SignatureAlgorithm, Uint8Array])[] = [
  // RFC 5758 section 3.2: without parameters.
  ['ecdsa-sha256', fromHex('300a06082a8648ce3d040302')],
  ['ecdsa-sha384', fromHex('300a06082a8648ce3d040303')],
  // RFC 8017 appendix A.2.4: NULL parameters.
  ['rsa-sha256', fromHex('300d06092a864886f70d01010b0500')],
  ['rsa-sha384', fromHex('300d06092a864886f70d01010c0500')],
  ['rsa-sha512', fromHex('300d06092a864886f70d01010d0500')],
  // RFC 8017 appendix A.2.3: SHA-384, MGF1 with SHA-384, salt of 48 bytes; without and with the default trailer.
  ['rsa-pss-sha384', fromHex(`304106092a864886f70d01010a3034${PSS_SHA384}`)],
  ['rsa-pss-sha384', fromHex(`304606092a864886f70d01010a3039${PSS_SHA384}a303020101`)],
];

/** Requires one of the signature algorithms that the vendors' PKIs use. */
export function readSignatureAlgorithm(reader: DerReader, field: string): SignatureAlgorithm {
  const start = reader.offset;
  const encoded = reader.encoded(derTags.sequence, field);
  const found = encodings.find(([, der]) => equalBytes(der, encoded));
  if (found === undefined) reader.fail(`${field} ${toHex(encoded)} is not supported`, start);
  return found[0];
}
