import { defaultPolicy, type EvidencePolicy, verifyEvidence } from '@dcml/attest';
import { sha256, toHex } from '@dcml/core';
import { simulatedImage } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { failures, makeEvidence, platform, verify } from './simulated-evidence.ts';

const { policy } = platform;
const open = async (changed: EvidencePolicy): Promise<string[]> => {
  const verdict = await verify(makeEvidence(), { policy: changed });
  return verdict.claims
    .filter((claim) => claim.outcome === 'unknown' && claim.optional !== true)
    .map((claim) => claim.name);
};
const withIntel = (intel: Partial<EvidencePolicy['intel']>): EvidencePolicy => ({
  ...policy,
  intel: { ...policy.intel, ...intel },
});

describe('an application counts only in a guest image that the policy names', () => {
  it('the simulated image is named whole', async () => {
    expect((await verify(makeEvidence())).outcome).toBe('pass');
  });

  it.each([
    ['MRTD', { mrTds: null }],
    ['RTMR1', { rtmrs: [null, null, simulatedImage.rtmrs[2], null] }],
    ['RTMR2', { rtmrs: [null, simulatedImage.rtmrs[1], null, null] }],
  ] as const)('without %s the image is open, and so is the verdict', async (_member, intel) => {
    expect(await open(withIntel(intel))).toEqual(['guest_image_accepted']);
  });

  it('RTMR0 differs with the machine and may be left out', async () => {
    const { rtmrs } = simulatedImage;
    expect(await open(withIntel({ rtmrs: [null, rtmrs[1], rtmrs[2], null] }))).toEqual([]);
  });

  it('the default policy names none: it leaves genuine hardware open until its user does', () => {
    expect(defaultPolicy.intel.mrTds).toBeNull();
    expect(defaultPolicy.amd.launchDigests).toBeNull();
  });

  it('a policy for any application waives it', async () => {
    const any = { ...withIntel({ mrTds: null }), composeHashes: null };
    const verdict = await verify(makeEvidence(), { policy: any });
    const claim = verdict.claims.find(({ name }) => name === 'guest_image_accepted');
    expect(claim).toMatchObject({ outcome: 'unknown', optional: true });
    expect(verdict.outcome).toBe('pass');
  });
});

describe('the image digest of a dstack guest', () => {
  const digest = toHex(sha256(new TextEncoder().encode('dcml SIMULATED image')));

  it('is compared with the policy’s', async () => {
    const listed = await verify(makeEvidence(), { policy: { ...policy, imageDigests: [digest] } });
    expect(listed.outcome).toBe('pass');
    const other = await verify(makeEvidence(), { policy: { ...policy, imageDigests: ['00'.repeat(32)] } });
    expect(failures(other)).toEqual([expect.stringMatching(/^image_digest_accepted/)]);
  });

  it('stays open where the evidence has none', async () => {
    const { quote, collateral } = makeEvidence();
    const verdict = await verifyEvidence(
      { kind: 'tdx', quote, collateral },
      {
        policy: { ...policy, composeHashes: null, imageDigests: [digest] },
        nowMs: Date.parse('2026-11-01T12:00:00Z'),
      },
    );
    const claim = verdict.claims.find(({ name }) => name === 'image_digest_accepted');
    expect(claim).toMatchObject({ outcome: 'unknown' });
    expect(claim?.optional).toBeUndefined();
  });
});
