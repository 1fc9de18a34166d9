import { constants, sign } from 'node:crypto';
import { concatBytes, fromHex } from '@dcml/core';
import { type LogBank, logBanks } from '../event-log/event-log-writer.ts';
import type { SigningKey } from '../signing-key.ts';

export function u16be(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export function u32be(value: number): Uint8Array {
  return concatBytes(u16be(value >>> 16), u16be(value & 0xffff));
}

/** A TPM2B: the length and the bytes. */
export function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(u16be(bytes.length), bytes);
}

/** TPMS_ATTEST of a quote. */
export interface TpmAttestFields {
  readonly magic: number;
  readonly type: number;
  readonly qualifiedSigner: Uint8Array;
  readonly extraData: Uint8Array;
  readonly clockMs: number;
  readonly resetCount: number;
  readonly restartCount: number;
  readonly safe: number;
  readonly firmwareVersion: Uint8Array;
  /** Banks by TPM_ALG_ID, and the bitmap of each. */
  readonly selections: readonly (readonly [algorithm: number, bitmap: Uint8Array])[];
  readonly pcrDigest: Uint8Array;
}

/** The bitmap of 24 PCRs. */
export function pcrBitmap(pcrs: readonly number[]): Uint8Array {
  const bitmap = new Uint8Array(3);
  for (const pcr of pcrs) bitmap[pcr >> 3] = bitmap[pcr >> 3]! | (1 << (pcr & 7));
  return bitmap;
}

export function pcrSelection(bank: LogBank, pcrs: readonly number[]): readonly [number, Uint8Array] {
  return [logBanks[bank][0], pcrBitmap(pcrs)];
}

export function writeTpmAttest(fields: TpmAttestFields): Uint8Array<ArrayBuffer> {
  return concatBytes(
    u32be(fields.magic),
    u16be(fields.type),
    sized(fields.qualifiedSigner),
    sized(fields.extraData),
    u32be(0),
    u32be(fields.clockMs),
    u32be(fields.resetCount),
    u32be(fields.restartCount),
    Uint8Array.of(fields.safe),
    fields.firmwareVersion,
    u32be(fields.selections.length),
    ...fields.selections.map(([algorithm, bitmap]) =>
      concatBytes(u16be(algorithm), Uint8Array.of(bitmap.length), bitmap),
    ),
    sized(fields.pcrDigest),
  );
}

export type TpmScheme = 'rsassa' | 'rsapss' | 'ecdsa';
const schemeIds: Readonly<Record<TpmScheme, number>> = { rsassa: 0x14, rsapss: 0x16, ecdsa: 0x18 };

/** TPMT_SIGNATURE of `message`, or the bytes of the RSA signature alone. */
export function signTpm(
  key: SigningKey,
  scheme: TpmScheme,
  hash: 'sha256' | 'sha384',
  message: Uint8Array,
  form: 'tpmt' | 'raw' = 'tpmt',
): Uint8Array<ArrayBuffer> {
  const options =
    scheme === 'ecdsa'
      ? ({ key: key.signer, dsaEncoding: 'ieee-p1363' } as const)
      : scheme === 'rsapss'
        ? {
            key: key.signer,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
          }
        : { key: key.signer, padding: constants.RSA_PKCS1_PADDING };
  const signature = new Uint8Array(sign(hash, message, options));
  if (form === 'raw') return signature;
  const head = concatBytes(u16be(schemeIds[scheme]), u16be(logBanks[hash][0]));
  if (scheme !== 'ecdsa') return concatBytes(head, sized(signature));
  const half = signature.length / 2;
  return concatBytes(head, sized(signature.subarray(0, half)), sized(signature.subarray(half)));
}

/** Fixed to its TPM and parent, made in it, restricted, signing: what makes an attestation key. */
const AK_ATTRIBUTES = 0x0005_0072;

/** TPMT_PUBLIC of an RSA signing key with the null scheme of a given modulus. */
export function writeRsaPublic(
  modulus: Uint8Array,
  attributes: number = AK_ATTRIBUTES,
): Uint8Array<ArrayBuffer> {
  return concatBytes(
    fromHex('0001000b'),
    u32be(attributes),
    sized(new Uint8Array(0)),
    fromHex('00100014000b'),
    u16be(8 * modulus.length),
    u32be(0),
    sized(modulus),
  );
}

/** TPMT_PUBLIC of an ECDSA key from its coordinates. */
export function writeEccPublic(
  curve: 'P-256' | 'P-384',
  x: Uint8Array,
  y: Uint8Array,
  attributes: number = AK_ATTRIBUTES,
): Uint8Array<ArrayBuffer> {
  return concatBytes(
    fromHex('0023000b'),
    u32be(attributes),
    sized(new Uint8Array(0)),
    fromHex('00100018'),
    u16be(curve === 'P-256' ? 0x0b : 0x0c),
    u16be(curve === 'P-256' ? 3 : 4),
    fromHex('0010'),
    sized(x),
    sized(y),
  );
}
