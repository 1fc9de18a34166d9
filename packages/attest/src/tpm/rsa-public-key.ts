import { concatBytes, fromHex } from '@dcml/core';
import { type PublicKey, parsePublicKey } from '../x509/public-key.ts';

/** AlgorithmIdentifier rsaEncryption with NULL parameters (RFC 8017 appendix A.1). */
const RSA_ENCRYPTION = fromHex('300d06092a864886f70d0101010500');
const EXPONENT_65537 = fromHex('0203010001');

/** A DER element of at most 65,535 bytes of content. */
function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const octets =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.of(tag, ...octets), content);
}

/**
 * The key of a modulus (big-endian, its top bit set) and the exponent 65537, as TPMs and JWKs give them.
 * Throws `ATTEST_FORMAT` on lengths other than 2048, 3072 and 4096 bits.
 */
export function rsaPublicKey(modulus: Uint8Array): PublicKey {
  const integer = element(0x02, concatBytes(Uint8Array.of(0), modulus.subarray(0, 1024)));
  const key = element(0x30, concatBytes(integer, EXPONENT_65537));
  const bits = element(0x03, concatBytes(Uint8Array.of(0), key));
  return parsePublicKey(element(0x30, concatBytes(RSA_ENCRYPTION, bits)));
}
