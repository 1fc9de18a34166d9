import { deriveCommittee, signAsCommittee } from '@dcml/devnet/beacon';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeBls } from '../../src/bls/native-bls.ts';
import { createNobleBls } from '../../src/bls/noble-bls.ts';

const backends = [
  { name: 'native', bls: createNativeBls() },
  { name: 'TypeScript', bls: createNobleBls() },
] as const;
const message = new Uint8Array(32).fill(5);
const keys = deriveCommittee(new Uint8Array(32), 0, 8);
const { publicKeys } = keys.committee;
const { signature } = signAsCommittee(keys, message);
/** The encoding of the point at infinity: no key, and the signature of the sum of no keys. */
const infinity = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i === 0 ? 0xc0 : 0));

describe.each(backends)('BLS in $name', ({ bls }) => {
  it('accepts the committee, whole or in part, and nobody else', () => {
    expect(bls.fastAggregateVerify(publicKeys, message, signature)).toBe(true);
    const bits = publicKeys.map((_, i) => i % 2 === 0);
    const some = signAsCommittee(keys, message, bits).signature;
    expect(
      bls.fastAggregateVerify(
        publicKeys.filter((_, i) => bits[i]),
        message,
        some,
      ),
    ).toBe(true);
    expect(bls.fastAggregateVerify(publicKeys, message, some)).toBe(false);
    expect(bls.fastAggregateVerify(publicKeys.slice(1), message, signature)).toBe(false);
    expect(
      bls.fastAggregateVerify(
        publicKeys,
        message.map((byte) => byte ^ 1),
        signature,
      ),
    ).toBe(false);
  });

  it('refuses what is no point, infinity, and lengths that are wrong', () => {
    const no = (signers: readonly Uint8Array[], by: Uint8Array): void => {
      expect(bls.fastAggregateVerify(signers, message, by)).toBe(false);
    };
    no([], signature);
    no([infinity(48)], infinity(96));
    no([...publicKeys, infinity(48)], signature);
    no(publicKeys, infinity(96));
    no([new Uint8Array(48), ...publicKeys.slice(1)], signature);
    no([publicKeys[0]!.slice(1), ...publicKeys.slice(1)], signature);
    no(publicKeys, signature.slice(1));
    no(publicKeys, new Uint8Array(0));
    // A key and its negative sum to nothing, which everything would be a signature of.
    const negative = Uint8Array.from(publicKeys[0]!);
    negative[0]! ^= 0x20;
    no([publicKeys[0]!, negative], infinity(96));
  });
});

it('both say the same of any change', () => {
  const [native, typescript] = backends;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 95 }),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (at, flip, ofKey) => {
        const changedSignature = Uint8Array.from(signature);
        const changedKey = Uint8Array.from(publicKeys[3]!);
        if (ofKey) changedKey[at % 48]! ^= flip;
        else changedSignature[at]! ^= flip;
        const signers = publicKeys.map((key, i) => (i === 3 ? changedKey : key));
        const verdicts = [native, typescript].map(({ bls }) =>
          bls.fastAggregateVerify(signers, message, changedSignature),
        );
        expect(verdicts).toEqual([false, false]);
      },
    ),
    { numRuns: 25 },
  );
});
