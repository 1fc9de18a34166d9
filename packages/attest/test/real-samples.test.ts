import { parseRuntimeEvents, parseTdxQuote, verifyEvidence } from '@dcml/attest';
import { decodeUtf8, Fields, fromHex, parseJson, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { readBootEvents } from '../src/dstack/boot-events.ts';
import { replayRegister, runtimeEventDigest } from '../src/dstack/replay.ts';
import {
  collateralSet,
  hasSamples,
  listQuotes,
  readSample,
  samplePolicy,
  verifySample,
} from './real-samples.ts';
import { failures } from './simulated-evidence.ts';

const outOfDate = ['tcb_status_accepted', 'advisories_accepted'];

/** Quote, collateral set, TCB status, and the claims that fail. */
const samples: readonly (readonly [string, string, string | null, readonly string[]])[] = [
  ['phala-tdx_quote.bin', 'phala', 'UpToDate', []],
  ['phala-near-gas.bin', 'near', 'UpToDate', []],
  ['nearai-vllm-proxy-sample.bin', 'near', 'UpToDate', []],
  ['nearai-e2e-readme.bin', 'a90_0625', 'UpToDate', []],
  ['nearai-e2e-readme.bin', 'outd', 'OutOfDate', outOfDate],
  ['nearai-e2e-readme.bin', 'g90_2026', 'OutOfDate', outOfDate],
  ['openpcc-azure_tdx_report.test_azure_tdx_quote_pem.bin', 'a90_0625', 'UpToDate', []],
  ['openpcc-azure_tdx_report.test_azure_tdx_quote_pem.bin', 'outd', 'UpToDate', []],
  ['openpcc-azure_tdx_report.test_azure_tdx_quote_pem.bin', 'g90_2026', 'UpToDate', []],
  ['automata-samples-v4.bin', 'a80_0625', 'OutOfDate', outOfDate],
  ['automata-samples-v4.bin', 'a80_0725', 'OutOfDate', outOfDate],
  ['automata-samples-v4.bin', 'a80_1025', 'OutOfDate', outOfDate],
  ['automata-solana-tdx.bin', 'a80_0625', 'OutOfDate', outOfDate],
  ['automata-solana-tdx.bin', 'a80_0725', 'OutOfDate', outOfDate],
  ['automata-solana-tdx.bin', 'a80_1025', 'OutOfDate', outOfDate],
  // TEE_TCB_SVN is 04 01 07: module TDX_01 with SVN 4, which is UpToDate; Intel compares the level's TDX components
  // from the third on for such modules. Verifiers that compare the first as well (4 < 5) say OutOfDate.
  ['google-cos113-v4.bin', 'a80_0625', 'UpToDate', []],
  ['google-cos113-v4.bin', 'a80_0725', 'UpToDate', []],
  ['google-cos113-v4.bin', 'a80_1025', 'UpToDate', []],
  // TEE_TCB_SVN is 02 01 06, for the same reason at a level, with a module that is out of date.
  ['coco-az-td-quote.bin', 'a80_0625', 'OutOfDate', [...outOfDate, 'td_attributes']],
  ['coco-az-evidence-v1-td-quote.bin', 'a80_0625', 'OutOfDate', [...outOfDate, 'td_attributes']],
  ['coco-az-evidence-v1-td-quote.bin', 'a80_0725', 'OutOfDate', [...outOfDate, 'td_attributes']],
  ['coco-az-td-quote.bin', 'a80_0725', 'OutOfDate', [...outOfDate, 'td_attributes']],
  ['phala-tdx-quote-hex.bin', 'phala', null, ['tcb_level']],
  ['phala-quote-from-tappd.bin', 'phala', null, ['tcb_level']],
  ['dstack-ratls-tdx_quote.bin', 'phala', null, ['tcb_level']],
  // Version 5 with TD report 1.5.
  ['automata-alibaba-v5.bin', 'a90_0625', 'UpToDate', ['mr_service_td']],
  ['automata-alibaba-v5.bin', 'outd', 'OutOfDate', [...outOfDate, 'mr_service_td']],
  ['automata-samples-v5.bin', 'a90_0625', 'UpToDate', ['mr_service_td']],
  ['automata-v5.bin', 'a90_0625', null, ['tcb_level', 'mr_service_td']],
  ['automata-v5.bin', 'outd', null, ['tcb_level', 'mr_service_td']],
  ['coco-tdx_quote_5.dat', 'outd', null, ['tcb_level', 'mr_service_td']],
  ['phala-tdx_quote_outdated.bin', 'outd', null, ['tcb_level']],
  ['phala-tdx_quote_outdated.bin', 'g90_2026', null, ['tcb_level']],
  // Authentic, of a platform whose collateral nobody published: the collateral of another is refused.
  ['coco-tdx_quote_4.dat', 'phala', null, ['tcb_info', 'td_attributes']],
  ['coco-tdx_quote_6.dat', 'phala', null, ['tcb_info']],
];

describe.skipIf(!hasSamples)('captured TDX quotes', () => {
  it.each(samples)('%s with %s: %s, failing %j', async (name, set, status, failing) => {
    const verdict = await verifySample(name, set);
    expect(failures(verdict).map((failure) => failure.split(':')[0])).toEqual(failing);
    expect(verdict.outcome).toBe(failing.length === 0 ? 'pass' : 'fail');
    expect(verdict.simulated).toBe(false);
    expect(verdict.measured).toHaveProperty('tcbStatus', status);
    const signature = verdict.claims.find((claim) => claim.name === 'quote_signature');
    expect(signature).toMatchObject({ outcome: 'pass', source: 'hardware_proven' });
  });

  it('refuses the debug guest by its TUD bits', async () => {
    const verdict = await verifySample('coco-tdx_quote_4.dat', 'phala');
    expect(failures(verdict)).toContainEqual(expect.stringMatching(/^td_attributes: .*debug/));
  });

  it('sees in a real TD report 1.5 that the module was updated under the guest', () => {
    const { body } = parseTdxQuote(readSample('tdx/phala-tdx_quote_outdated.bin'));
    expect([...body.teeTcbSvn.subarray(0, 3)]).toEqual([7, 1, 3]);
    expect([...body.teeTcbSvn2!.subarray(0, 3)]).toEqual([13, 1, 3]);
  });

  it.each([
    ['google-spr-e4-v4.bin', 'padding after the signature data must be zero at offset 4935'],
    ['intel-qvl-testca-quote.dat', 'PCK chain is not ASCII'],
  ])('does not read %s: %s', (name, message) => {
    expect(() => parseTdxQuote(readSample(`tdx/${name}`))).toThrow(message);
  });

  it('finds a way for every quote, and throws on none', async () => {
    for (const name of listQuotes('tdx')) {
      const { collateral, nowMs } = collateralSet('phala');
      const evidence = { kind: 'tdx', quote: readSample(`tdx/${name}`), collateral } as const;
      const verdict = await verifyEvidence(evidence, { policy: samplePolicy, nowMs });
      expect(['fail', 'unknown'], name).toContain(verdict.outcome);
    }
  });

  it('refuses collateral a day after it ended', async () => {
    const quote = readSample('tdx/phala-tdx_quote.bin');
    const { collateral } = collateralSet('phala');
    const nowMs = Date.parse('2025-07-20');
    const verdict = await verifyEvidence({ kind: 'tdx', quote, collateral }, { policy: samplePolicy, nowMs });
    expect(failures(verdict)).toEqual([expect.stringMatching(/^pck_crl: .*valid from/)]);
  });
});

describe.skipIf(!hasSamples)('captured dstack event log', () => {
  const read = () => {
    const text = decodeUtf8(readSample('dstack/verifier-tdx-lite-getquote.json'));
    const fields = new Fields(parseJson(text), 'answer');
    const quote = parseTdxQuote(fromHex(fields.string('quote', 20_000)));
    return { body: quote.body, events: parseRuntimeEvents(fields.string('event_log', 100_000)) };
  };

  it('replays to all four registers, RTMR3 from recomputed digests', () => {
    const { body, events } = read();
    for (const imr of [0, 1, 2, 3] as const) {
      const digests = events
        .filter((event) => event.imr === imr)
        .map((event) => (imr === 3 ? runtimeEventDigest(event) : fromHex(event.digest)));
      expect(toHex(replayRegister(digests)), `RTMR${imr}`).toBe(toHex(body.rtmrs[imr]));
    }
  });

  it('has unique boot events, and a compose hash that MRCONFIGID repeats', () => {
    const { body, events } = read();
    const { boot } = readBootEvents(events.filter((event) => event.imr === 3));
    expect([...(boot?.keys() ?? [])].at(-1)).toBe('system-ready');
    const composeHash = boot?.get('compose-hash')?.eventPayload;
    expect(toHex(body.mrConfigId)).toBe(`01${composeHash}${'00'.repeat(15)}`);
  });
});
