import type { SyncAggregate, SyncCommittee } from '@dcml/chain';
import { BLS_DOMAIN_TAG } from '@dcml/chain/noble-bls';
import { encodeUtf8, sha256 } from '@dcml/core';
import { bls12_381 } from '@noble/curves/bls12-381.js';

const { Fr } = bls12_381.fields;
const scheme = bls12_381.longSignatures;

/** The keys of a committee whose every member is this process. */
export interface CommitteeKeys {
  readonly committee: SyncCommittee;
  readonly secrets: readonly bigint[];
}

/** Keys of one period, derived from a seed: the same network has the same committees after a restart. */
export function deriveCommittee(seed: Uint8Array, period: number, size: number): CommitteeKeys {
  const secrets = Array.from({ length: size }, (_, member) => {
    const digest = sha256(Uint8Array.of(...seed, ...encodeUtf8(`/${period}/${member}`)));
    return Fr.create(digest.reduce((value, byte) => value * 256n + BigInt(byte), 0n)) || 1n;
  });
  const points = secrets.map((secret) => bls12_381.G1.Point.BASE.multiply(secret));
  const sum = points.reduce((total, point) => total.add(point), bls12_381.G1.Point.ZERO);
  return {
    committee: {
      publicKeys: points.map((point) => point.toBytes()),
      aggregatePublicKey: sum.toBytes(),
    },
    secrets,
  };
}

/** The aggregate signature of the members whose bit is set: one signature by the sum of their keys. */
export function signAsCommittee(
  { secrets }: CommitteeKeys,
  signingRoot: Uint8Array,
  bits: readonly boolean[] = secrets.map(() => true),
): SyncAggregate {
  const sum = secrets.reduce((total, secret, i) => (bits[i] === true ? Fr.add(total, secret) : total), 0n);
  const message = scheme.hash(signingRoot, BLS_DOMAIN_TAG);
  const signature = message.multiply(sum === 0n ? 1n : sum);
  return { bits, signature: signature.toBytes() };
}
