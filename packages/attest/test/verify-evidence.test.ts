import type { EvidencePolicy } from '@dcml/attest';
import { AttestError, assertVerdict, defaultPolicy, verifyEvidence } from '@dcml/attest';
import { describe, expect, it, vi } from 'vitest';
import {
  createPlatform,
  failures,
  makeEvidence,
  NOW_MS,
  platform,
  reportData,
  verify,
} from './simulated-evidence.ts';

describe('verifyEvidence on sound simulated evidence', () => {
  it('passes every claim under a policy that names the root, and shows what was measured', async () => {
    const verdict = await verify(makeEvidence());
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('pass');
    expect(() => assertVerdict(verdict)).not.toThrow();
    const open = verdict.claims.filter((claim) => claim.outcome === 'unknown').map((claim) => claim.name);
    expect(open).toEqual(['mr_service_td', 'platform_accepted', 'image_digest_accepted']);
    expect(verdict.measured).toMatchObject({
      composeHash: platform.guest.composeHash,
      tcbStatus: 'UpToDate',
      advisories: [],
      fmspc: 'ffd000000000',
    });
    expect(verdict.measured).toHaveProperty('rtmrs.length', 4);
    expect(verdict.measured?.reportData?.startsWith('010203')).toBe(true);
  });

  it('is SIMULATED: no claim says hardware_proven, and each of those says so in its reason', async () => {
    const verdict = await verify(makeEvidence());
    expect(verdict.simulated).toBe(true);
    expect(verdict.claims.filter((claim) => claim.source === 'hardware_proven')).toEqual([]);
    const asserted = verdict.claims.filter((claim) => claim.source === 'operator_asserted');
    expect(asserted.length).toBeGreaterThan(10);
    for (const claim of asserted) expect(claim.reason).toMatch(/^SIMULATED/);
  });

  it('is refused by the default policy: simulated evidence never satisfies a production verifier', async () => {
    const verdict = await verify(makeEvidence(), { policy: defaultPolicy });
    expect(failures(verdict)).toEqual([expect.stringMatching(/^trusted_root: .*not a root of the policy/)]);
    expect(verdict.measured).toBeNull();
    expect(verdict.claims.find((claim) => claim.name === 'quote_signature')?.outcome).toBe('unknown');
  });

  it('takes QE auth data of any length', async () => {
    for (const length of [0, 1, 31, 33, 1000]) {
      const quote = { authData: new Uint8Array(length).fill(7) };
      expect((await verify(makeEvidence({ quote }))).outcome).toBe('pass');
    }
  });

  it('takes zero bytes after the signature data, as real guests send them', async () => {
    expect((await verify(makeEvidence({ quote: { zeroPadding: 3065 } }))).outcome).toBe('pass');
  });

  it('checks a bare TDX quote, whose application stays unknown', async () => {
    const { quote, collateral } = makeEvidence();
    const options = { policy: platform.policy, expectedReportData: reportData, nowMs: NOW_MS };
    const verdict = await verifyEvidence({ kind: 'tdx', quote, collateral }, options);
    expect(verdict.outcome).toBe('unknown');
    expect(verdict.measured?.composeHash).toBeNull();
    const policy = { ...platform.policy, composeHashes: null };
    const anyCompose = await verifyEvidence({ kind: 'tdx', quote, collateral }, { ...options, policy });
    expect(anyCompose.outcome).toBe('pass');
  });
});

describe('what the caller and the policy ask for', () => {
  it('leaves the verdict unknown without expected report data', async () => {
    const verdict = await verifyEvidence(makeEvidence(), { policy: platform.policy, nowMs: NOW_MS });
    expect(verdict.outcome).toBe('unknown');
    expect(() => assertVerdict(verdict)).toThrow('report_data_bound');
  });

  it('refuses other report data in any of the 64 bytes: an old quote under a new nonce', async () => {
    const evidence = makeEvidence();
    for (const index of [0, 31, 32, 63]) {
      const expectedReportData = Uint8Array.from(reportData);
      expectedReportData[index] = 0xff;
      const verdict = await verify(evidence, { expectedReportData });
      expect(failures(verdict)).toEqual([expect.stringMatching(/^report_data_bound/)]);
    }
    const verdict = await verify(evidence, { expectedReportData: reportData.subarray(0, 32) });
    expect(failures(verdict)).toEqual([expect.stringMatching(/^report_data_bound/)]);
  });

  it('accepts a compose of the policy, or a registered one if the policy takes those', async () => {
    const none = { ...platform.policy, composeHashes: [] };
    const registeredComposeHashes = [platform.guest.composeHash];
    const registered = await verify(makeEvidence(), { policy: none, registeredComposeHashes });
    expect(registered.outcome).toBe('pass');
    const unregistered = await verify(makeEvidence(), { policy: none });
    expect(failures(unregistered)).toEqual([expect.stringMatching(/^compose_accepted/)]);
    const policy = { ...none, acceptRegisteredComposeHashes: false };
    const notTaken = await verify(makeEvidence(), { policy, registeredComposeHashes });
    expect(failures(notTaken)).toEqual([expect.stringMatching(/^compose_accepted/)]);
  });

  it('refuses a kind of evidence that the policy does not take, before anything else', async () => {
    const policy = { ...platform.policy, kinds: ['tdx', 'sgx'] } as const;
    const verdict = await verify(makeEvidence(), { policy });
    expect(failures(verdict)).toEqual(['kind_accepted: the policy accepts tdx, sgx, not dstack-tdx']);
    expect(verdict.measured).toBeNull();
    const bare = { kind: 'tdx', quote: makeEvidence().quote, collateral: makeEvidence().collateral } as const;
    const other = { ...platform.policy, kinds: ['dstack-tdx'] } as const;
    const refused = await verifyEvidence(bare, { policy: other, nowMs: NOW_MS });
    expect(failures(refused)).toEqual([expect.stringMatching(/^kind_accepted/)]);
  });

  it('refuses firmware that the policy does not list', async () => {
    const { measured } = await verify(makeEvidence());
    const mrTd = measured !== null && 'mrTd' in measured ? measured.mrTd : '';
    const withMrTds = (mrTds: string[]): EvidencePolicy => ({
      ...platform.policy,
      intel: { ...platform.policy.intel, mrTds },
    });
    const listed = await verify(makeEvidence(), { policy: withMrTds([mrTd]) });
    expect(listed.claims.find((claim) => claim.name === 'mr_td_accepted')?.outcome).toBe('pass');
    const other = await verify(makeEvidence(), { policy: withMrTds(['00'.repeat(48)]) });
    expect(failures(other)).toEqual([expect.stringMatching(/^mr_td_accepted/)]);
  });

  it('throws ATTEST_POLICY on a root that cannot be read', async () => {
    const roots = [{ name: 'broken', kind: 'intel', certificatePem: 'no certificate' }] as const;
    const verdict = verify(makeEvidence(), { policy: { ...platform.policy, roots } });
    await expect(verdict).rejects.toMatchObject({ code: 'ATTEST_POLICY' });
  });

  it('throws ATTEST_NO_WEBCRYPTO where signatures cannot be checked', async () => {
    vi.stubGlobal('crypto', {});
    try {
      await expect(verify(makeEvidence())).rejects.toMatchObject({ code: 'ATTEST_NO_WEBCRYPTO' });
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('assertVerdict', () => {
  it('throws ATTEST_REFUSED with advice and the names of failed and open claims', async () => {
    const other = createPlatform();
    const verdict = await verify(
      makeEvidence({ evidence: { collateral: makeEvidence({ platform: other }).collateral } }),
    );
    const error: unknown = (() => {
      try {
        assertVerdict(verdict);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(AttestError);
    expect(error).toMatchObject({
      code: 'ATTEST_REFUSED',
      advice: 'do-not-trust',
      details: { outcome: 'fail', simulated: true, failed: ['root_crl', 'pck_crl'] },
    });
  });

  it('refuses a verdict without claims', () => {
    expect(() => assertVerdict({ outcome: 'unknown', simulated: false, claims: [] })).toThrow(
      'no claim was checked',
    );
  });
});
