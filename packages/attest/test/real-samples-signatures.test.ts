import { parseTdxQuote, verifyEvidence } from '@dcml/attest';
import { describe, expect, it } from 'vitest';
import { ClaimSheet } from '../src/claim-sheet.ts';
import { authenticateQuote } from '../src/intel/authenticate-quote.ts';
import { intelClaimPlan } from '../src/intel/claims.ts';
import { parsePckChain } from '../src/intel/pck-chain.ts';
import { chainWindowProblem } from '../src/intel/timeless.ts';
import { isVendorRoot } from '../src/vendor-roots/vendor-roots.ts';
import {
  collateralSet,
  hasSamples,
  listQuotes,
  readSample,
  samplePolicy,
  verifySample,
} from './real-samples.ts';
import { failures } from './simulated-evidence.ts';

/** Authentic quotes of platforms whose TCB info nobody published: what fails is TCB info, and what is wrong besides. */
const withoutTcbInfo: readonly (readonly [string, readonly RegExp[]])[] = [
  ['coco-tdx_quote_4.dat', [/^tcb_info: .*50806f000000/, /^td_attributes: .*debug/]],
  ['coco-tdx_quote_6.dat', [/^tcb_info: .*00a06d080000/]],
  ['google-spr-e4-v4.bin', [/^tcb_info: .*50806f000000/, /^td_attributes: SEPT_VE_DISABLE/]],
];

/** The quote without what somebody appended to one of the samples, `extra bytes(only for testing purposes)`. */
function readCut(name: string): Uint8Array {
  const bytes = readSample(`tdx/${name}`);
  return name === 'google-spr-e4-v4.bin' ? bytes.slice(0, 4935) : bytes;
}

describe.skipIf(!hasSamples)('signatures of captured TDX quotes', () => {
  it.each(withoutTcbInfo)('%s lacks TCB info only', async (name, failing) => {
    const verdict = await verifySample(name, 'phala', { quote: readCut(name) });
    expect(failures(verdict)).toEqual(failing.map((failure) => expect.stringMatching(failure)));
    for (const claim of ['pck_chain', 'qe_report_signature', 'attestation_key_bound', 'quote_signature']) {
      expect(verdict.claims.find(({ name: at }) => at === claim)?.outcome, claim).toBe('pass');
    }
  });

  it('verifier-tdx-lite-getquote.bin has a newer PCK certificate than every collateral', async () => {
    const quote = readSample('tdx/verifier-tdx-lite-getquote.bin');
    const { collateral } = collateralSet('g90_2026');
    const nowMs = Date.parse('2026-05-01');
    const verdict = await verifyEvidence({ kind: 'tdx', quote, collateral }, { policy: samplePolicy, nowMs });
    expect(failures(verdict)).toEqual([
      expect.stringMatching(/^root_crl: .*valid from/),
      expect.stringMatching(/^pck_crl: .*valid from/),
    ]);
    expect(verdict.claims.find(({ name }) => name === 'pck_chain')?.outcome).toBe('pass');
  });

  it('do not hold for parts of two quotes put together', async () => {
    const second = readCut('phala-tdx_quote.bin');
    const bodyEnd = 48 + 584;
    const qeReport = bodyEnd + 4 + 128 + 6;
    for (const name of ['nearai-e2e-readme.bin', 'coco-tdx_quote_6.dat', 'phala-tdx-quote-hex.bin']) {
      const first = readCut(name);
      const splice = (at: number) => Uint8Array.of(...first.subarray(0, at), ...second.subarray(at));
      const body = await verifySample(name, 'phala', { quote: splice(bodyEnd) });
      expect(failures(body)).toEqual([expect.stringMatching(/^quote_signature/)]);
      const certified = await verifySample(name, 'phala', { quote: splice(qeReport) });
      expect(failures(certified)).toEqual([expect.stringMatching(/^attestation_key_bound/)]);
      expect(certified.measured).toBeNull();
    }
  });

  it('hold for every captured quote but the one of a test CA, under the root of Intel', async () => {
    const names = listQuotes('tdx').filter((name) => name !== 'intel-qvl-testca-quote.dat');
    expect(names).toHaveLength(22);
    for (const name of names) {
      const quote = parseTdxQuote(readCut(name));
      const chain = parsePckChain(quote.pckChainPem);
      const [leaf, , root] = chain.certificates;
      expect((await chain.judge()).problem, name).toBeUndefined();
      expect(chainWindowProblem(chain.certificates, leaf.notBeforeMs), name).toBeUndefined();
      expect(isVendorRoot(root.der, 'intel'), name).toBe(true);
      const sheet = new ClaimSheet(intelClaimPlan);
      expect(await authenticateQuote(sheet, quote, leaf), name).toBe(true);
    }
  });
});
