import type { EvidencePolicy, TdxEvidence } from '@dcml/attest';
import { encodeUtf8, fromHex, sha256, toHex } from '@dcml/core';
import { extendRegisters, simulatedBootLog, writeEventLog } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { hasSamples, readSample, verifySample } from '../real-samples.ts';
import { failures, intelPolicy, platform } from '../simulated-evidence.ts';
import { makeTdx15Evidence, type TdxDeviation, verifyTdxEvidence } from './simulated-tdx.ts';

const appCompose = '{"name":"bare"}';
const composeHash = toHex(sha256(encodeUtf8(appCompose)));
const rightId = `01${composeHash}${'00'.repeat(15)}`;
const withConfigId = (hex: string): TdxEvidence => ({
  ...makeTdx15Evidence({ quote: { td: { mrConfigId: fromHex(hex) } } }),
  appCompose,
});

describe('an application compose beside a bare quote', () => {
  const policy: EvidencePolicy = { ...platform.policy, composeHashes: [composeHash] };

  it('is proven by MRCONFIGID and judged by the policy', async () => {
    const verdict = await verifyTdxEvidence(withConfigId(rightId), { policy });
    expect(verdict.outcome).toBe('pass');
    expect(verdict.measured?.composeHash).toBe(composeHash);
    const other = { ...policy, composeHashes: ['ab'.repeat(32)] };
    const refused = await verifyTdxEvidence(withConfigId(rightId), { policy: other });
    expect(failures(refused)).toEqual([expect.stringMatching(/^compose_accepted: compose/)]);
  });

  it.each([
    ['zero', '00'.repeat(48)],
    ['another version', `02${rightId.slice(2)}`],
    ['another compose', `01${'ab'.repeat(32)}${'00'.repeat(15)}`],
    ['more than the hash', `${rightId.slice(0, -2)}01`],
  ])('is refused where MRCONFIGID is %s', async (_what, id) => {
    const verdict = await verifyTdxEvidence(withConfigId(id), { policy });
    expect(failures(verdict)).toEqual([expect.stringMatching(/^compose_hash: MRCONFIGID is/)]);
    expect(verdict.measured?.composeHash).toBeNull();
    expect(verdict.claims.find((claim) => claim.name === 'compose_accepted')?.outcome).toBe('unknown');
  });

  it('is not judged where none is given', async () => {
    const { appCompose: _left, ...bare } = withConfigId(rightId);
    const verdict = await verifyTdxEvidence(bare, { policy });
    expect(verdict.outcome).toBe('unknown');
    expect(verdict.claims.some((claim) => claim.name === 'compose_hash')).toBe(false);
  });
});

describe('runtime registers', () => {
  const deviation: TdxDeviation = {
    quote: { td: { rtmrs: [1, 2, 3, 4].map((byte) => new Uint8Array(48).fill(byte)) } },
  };
  const register = (byte: number): string => toHex(new Uint8Array(48).fill(byte));
  const verify = (...lists: (string[] | null)[]) =>
    verifyTdxEvidence(makeTdx15Evidence(deviation), {
      policy: {
        ...intelPolicy({ rtmrs: lists as unknown as EvidencePolicy['intel']['rtmrs'] }),
        composeHashes: null,
      },
    });

  it('must each be in the list that the policy has for it', async () => {
    expect((await verify([register(1)], [register(2)], [register(3)], [register(4)])).outcome).toBe('pass');
    expect((await verify(null, null, [register(9), register(3)], null)).outcome).toBe('pass');
    for (const index of [0, 1, 2, 3]) {
      const lists = [1, 2, 3, 4].map((byte, i) => (i === index ? [register(9)] : [register(byte)]));
      expect(failures(await verify(...lists))).toEqual([
        expect.stringMatching(new RegExp(`^rtmrs_accepted: RTMR${index} 0${index + 1}`)),
      ]);
    }
    expect(failures(await verify([], null, null, null))).toEqual([expect.stringMatching(/^rtmrs_accepted/)]);
  });
});

describe('a CC event log beside a quote', () => {
  it('fails its claim where it is no log, or not that of the registers', async () => {
    const evidence = { ...makeTdx15Evidence(), ccEventLog: new Uint8Array(100) };
    const verdict = await verifyTdxEvidence(evidence);
    expect(failures(verdict)).toEqual([expect.stringMatching(/^cc_event_log: /)]);
  });

  it('replays to the registers of the quote, and of no other', async () => {
    const events = simulatedBootLog('cc');
    const ccEventLog = writeEventLog(events, { banks: ['sha384'] });
    const registers = extendRegisters(events, 'sha384');
    const rtmrs = [1, 2, 3, 4].map((register) => registers.get(register) ?? new Uint8Array(48));
    const evidence = { ...makeTdx15Evidence({ quote: { td: { rtmrs } } }), ccEventLog };
    const policy = { ...intelPolicy({ rtmrs: [null, null, null, null] }), composeHashes: null };
    expect((await verifyTdxEvidence(evidence, { policy })).outcome).toBe('pass');
    const { quote } = makeTdx15Evidence();
    expect(failures(await verifyTdxEvidence({ ...evidence, quote }, { policy }))).toEqual([
      expect.stringMatching(/^cc_event_log: RTMR0/),
    ]);
  });

  it.skipIf(!hasSamples)('replays to the registers of a captured quote', async () => {
    const ccEventLog = readSample('tdx/google-cos113-ccel_data.bin');
    const verdict = await verifySample('google-cos113-v4.bin', 'a80_0625', { ccEventLog });
    expect(failures(verdict)).toEqual([]);
    expect(verdict.claims.find((claim) => claim.name === 'cc_event_log')?.outcome).toBe('pass');
    const other = await verifySample('automata-samples-v4.bin', 'a80_0625', { ccEventLog });
    expect(failures(other)).toContainEqual(expect.stringMatching(/^cc_event_log: RTMR/));
  });
});
