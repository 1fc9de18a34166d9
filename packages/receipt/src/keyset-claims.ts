import type { Claim, EvidencePolicy } from '@dcml/attest';
import { fromHex } from '@dcml/core';
import { claim, compared } from './claims.ts';
import { isStrictEd25519Key } from './ed25519.ts';
import { chainKeyOf, encryptionKeyOf, receiptKeyAlgorithm, type WorkloadKeyset } from './keyset.ts';

function rolesClaim(keyset: WorkloadKeyset): Claim {
  const name = 'keyset_roles';
  try {
    const receiptKeys = keyset.receiptSigningKeys.filter((key) => key.algo === receiptKeyAlgorithm);
    if (receiptKeys.length === 0) return claim(name, 'fail', 'no ed25519 receipt key is listed');
    if (!receiptKeys.every((key) => isStrictEd25519Key(fromHex(key.publicKey, 'receipt key', 32)))) {
      return claim(name, 'fail', 'a receipt key is no ed25519 key of full order');
    }
    if (encryptionKeyOf(keyset) === null)
      return claim(name, 'fail', 'not exactly one encryption key is listed');
    if (chainKeyOf(keyset) === null) return claim(name, 'fail', 'not exactly one chain key is listed');
  } catch {
    return claim(name, 'fail', 'a key of the keyset is malformed');
  }
  // aci/1 section 3.1: a key never has two roles.
  const keys = [...keyset.receiptSigningKeys, ...keyset.e2eePublicKeys].map((key) => key.publicKey);
  return compared(
    name,
    new Set(keys).size === keys.length,
    'one key for each of receipts, encryption and the chain',
    'a key has two roles',
  );
}

/** Expiry, lifetime and roles of a keyset (aci/1 sections 3.1 and 9.1, check 3). */
export function keysetClaims(keyset: WorkloadKeyset, nowMs: number, policy: EvidencePolicy): Claim[] {
  const leftSeconds = keyset.notAfter - Math.floor(nowMs / 1000);
  return [
    compared(
      'keyset_not_expired',
      leftSeconds > 0,
      `valid for ${leftSeconds} s more`,
      `expired ${-leftSeconds} s ago`,
    ),
    compared(
      'keyset_lifetime',
      leftSeconds <= policy.maxKeysetLifetimeSeconds,
      `at most ${policy.maxKeysetLifetimeSeconds} s are accepted`,
      `valid for ${leftSeconds} s, at most ${policy.maxKeysetLifetimeSeconds} s are accepted`,
    ),
    rolesClaim(keyset),
  ];
}
