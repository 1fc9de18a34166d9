import { prepareIntelCollateral } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import { createEcKey, issueSimulatedCollateral, simulatedChainPem } from '@dcml/testing';
import { describe, expect, it, vi } from 'vitest';
import { BoundedMemory, rememberResult } from '../../src/intel/remember.ts';
import {
  createPlatform,
  DAY_MS,
  failures,
  makeEvidence,
  NOW_MS,
  platform,
  verify,
} from '../simulated-evidence.ts';

const sound = makeEvidence();
const prepared = (): typeof sound => ({ ...sound, collateral: prepareIntelCollateral(sound.collateral) });

describe('prepareIntelCollateral', () => {
  it('gives the same verdict as the text, every time', async () => {
    const expected = await verify(sound);
    const evidence = prepared();
    for (let i = 0; i < 3; i++) expect(await verify(evidence)).toEqual(expected);
    expect(expected.outcome).toBe('pass');
  });

  it('cannot be changed, and is not prepared twice', () => {
    const collateral = prepareIntelCollateral(sound.collateral);
    expect(Object.isFrozen(collateral)).toBe(true);
    expect(collateral).toEqual(sound.collateral);
    expect(prepareIntelCollateral(collateral)).toBe(collateral);
  });

  it('does not follow the object that it was made of, nor lend its results to a copy', async () => {
    const text = { ...sound.collateral };
    const collateral = prepareIntelCollateral(text);
    await verify({ ...sound, collateral });
    Object.assign(text, { pckCrlHex: '' });
    expect((await verify({ ...sound, collateral })).outcome).toBe('pass');
    expect((await verify({ ...sound, collateral: text })).outcome).toBe('fail');
    expect((await verify({ ...sound, collateral: { ...collateral, pckCrlHex: '' } })).outcome).toBe('fail');
  });

  it('compares every window with the time of each verification', async () => {
    const evidence = prepared();
    const end = NOW_MS - DAY_MS / 24 + 30 * DAY_MS;
    for (const [nowMs, outcome] of [
      [NOW_MS, 'pass'],
      [end + 1, 'fail'],
      [end, 'pass'],
      [NOW_MS - 2 * DAY_MS, 'fail'],
      [NOW_MS, 'pass'],
    ] as const) {
      expect((await verify(evidence, { nowMs })).outcome).toBe(outcome);
    }
    const late = await verify(evidence, { nowMs: NOW_MS + 8 * 365 * DAY_MS });
    expect(failures(late)).toEqual([expect.stringMatching(/^pck_chain: .*valid from/)]);
  });

  it('compares the root with the policy of each verification', async () => {
    const evidence = prepared();
    const other = createPlatform();
    expect((await verify(evidence)).outcome).toBe('pass');
    const refused = await verify(evidence, { policy: other.policy });
    expect(failures(refused)).toEqual([expect.stringMatching(/^trusted_root/)]);
    expect((await verify(evidence)).outcome).toBe('pass');
  });

  it('checks signatures that depend on the quote each time', async () => {
    const evidence = prepared();
    expect((await verify(evidence)).outcome).toBe('pass');
    const foreignKey = createEcKey(systemRandom);
    const { collateral } = evidence;
    for (const [quote, failure] of [
      [{ pckKey: foreignKey }, /^qe_report_signature/],
      [{ qe: { reportData: new Uint8Array(64) } }, /^attestation_key_bound/],
    ] as const) {
      const verdict = await verify(makeEvidence({ quote, evidence: { collateral } }));
      expect(failures(verdict)).toEqual([expect.stringMatching(failure)]);
    }
    const changed = Uint8Array.from(sound.quote);
    changed[600] = changed[600]! ^ 1;
    expect(failures(await verify({ ...evidence, quote: changed }))).toEqual([
      expect.stringMatching(/^quote_signature/),
    ]);
    expect((await verify(evidence)).outcome).toBe('pass');
  });

  it('is not poisoned by quotes of another vendor, before or after', async () => {
    const other = createPlatform();
    const { vendor } = platform;
    const foreign = makeEvidence({ platform: other }).quote;
    const crossed = makeEvidence({
      quote: {
        pckChainPem: simulatedChainPem(other.vendor, 'pck') + simulatedChainPem(vendor, 'pckCa', 'root'),
      },
    }).quote;
    for (const order of [
      [foreign, crossed, sound.quote],
      [sound.quote, crossed, foreign, sound.quote],
    ]) {
      const { collateral } = prepared();
      const outcomes: string[] = [];
      for (const quote of order) outcomes.push((await verify({ ...sound, quote, collateral })).outcome);
      expect(outcomes).toEqual(order.map((quote) => (quote === sound.quote ? 'pass' : 'fail')));
    }
    const both = { ...platform.policy, roots: [...platform.policy.roots, ...other.policy.roots] };
    const { collateral } = prepared();
    const mixed = await verify({ ...sound, quote: foreign, collateral }, { policy: both });
    expect(failures(mixed)).toEqual([
      expect.stringMatching(/^root_crl: .*another certificate/),
      expect.stringMatching(/^pck_crl: .*another certificate/),
    ]);
    expect((await verify({ ...sound, collateral }, { policy: both })).outcome).toBe('pass');
  });

  it('fails its claims and never throws on collateral that cannot be read', async () => {
    for (const part of Object.keys(sound.collateral)) {
      const collateral = prepareIntelCollateral({ ...sound.collateral, [part]: 'no' });
      expect((await verify({ ...sound, collateral })).outcome, part).toBe('fail');
    }
  });

  it('does not remember that there was no WebCrypto', async () => {
    const evidence = prepared();
    vi.stubGlobal('crypto', {});
    try {
      await expect(verify(evidence)).rejects.toMatchObject({ code: 'ATTEST_NO_WEBCRYPTO' });
    } finally {
      vi.unstubAllGlobals();
    }
    expect((await verify(evidence)).outcome).toBe('pass');
  });

  it('serves verifications that run at once', async () => {
    const collateral = prepareIntelCollateral(issueSimulatedCollateral(platform.vendor));
    const verdicts = await Promise.all([0, 1, 2].map(() => verify({ ...sound, collateral })));
    expect(verdicts.map((verdict) => verdict.outcome)).toEqual(['pass', 'pass', 'pass']);
  });
});

describe('rememberResult', () => {
  it('computes once, and again after a rejection', async () => {
    let calls = 0;
    const once = rememberResult(async () => {
      calls += 1;
      if (calls === 1) throw new RangeError('first');
      return calls;
    });
    await expect(once()).rejects.toThrow('first');
    expect(await once()).toBe(2);
    expect(await once()).toBe(2);
  });
});

describe('BoundedMemory', () => {
  it('forgets what was not asked for longest', () => {
    const memory = new BoundedMemory<number>(2);
    memory.set('a', 1);
    memory.set('b', 2);
    expect(memory.get('a')).toBe(1);
    memory.set('c', 3);
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([1, undefined, 3]);
    memory.set('c', 4);
    expect([memory.get('a'), memory.get('c')]).toEqual([1, 4]);
  });
});
