import { parseSgxQuote, type TcbStatus, verifyEvidence } from '@dcml/attest';
import { describe, expect, it } from 'vitest';
import {
  collateralSet,
  hasSamples,
  listQuotes,
  readSample,
  samplePolicy,
  verifySgxSample,
} from './real-samples.ts';
import { failures } from './simulated-evidence.ts';

const needy = ['tcb_status_accepted', 'advisories_accepted'];

/** Quote, collateral set, TCB status, and the claims that fail under the strict policy. */
const samples: readonly (readonly [string, string, TcbStatus, readonly string[]])[] = [
  ['automata-v3.bin', 's606a', 'SWHardeningNeeded', needy],
  ['phala-sgx_quote.bin', 'sgx', 'ConfigurationAndSWHardeningNeeded', needy],
  ['automata-solana-sgx.bin', 'sgx', 'ConfigurationAndSWHardeningNeeded', [...needy, 'enclave_attributes']],
  ['coco-occlum_quote.bin', 's606a', 'OutOfDate', [...needy, 'enclave_attributes']],
];

describe.skipIf(!hasSamples)('captured SGX quotes', () => {
  it.each(samples)('%s with %s: %s, failing %j', async (name, set, status, failing) => {
    const verdict = await verifySgxSample(name, set);
    expect(failures(verdict).map((failure) => failure.split(':')[0])).toEqual(failing);
    expect(verdict.simulated).toBe(false);
    expect(verdict.measured).toMatchObject({ kind: 'sgx', tcbStatus: status });
    const signature = verdict.claims.find((claim) => claim.name === 'quote_signature');
    expect(signature).toMatchObject({ outcome: 'pass', source: 'hardware_proven' });
  });

  it.each([
    ['automata-v3.bin', 's606a', 'a4f45c39dac622cb1dd32ddb'],
    ['phala-sgx_quote.bin', 'sgx', '33d8736db756ed4997e04ba3'],
  ])('%s passes a policy that takes its status and advisories', async (name, set, mrEnclave) => {
    const allowedTcbStatuses = ['SWHardeningNeeded', 'ConfigurationAndSWHardeningNeeded'] as const;
    const allowedAdvisories = ['INTEL-SA-00289', 'INTEL-SA-00615'];
    const intel = { ...samplePolicy.intel, allowedTcbStatuses, allowedAdvisories };
    const verdict = await verifySgxSample(name, set, { ...samplePolicy, intel });
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('pass');
    expect(verdict.measured).toMatchObject({ mrEnclave: expect.stringContaining(mrEnclave) });
  });

  it('refuses the debug enclaves for that', async () => {
    for (const [name, set] of [
      ['automata-solana-sgx.bin', 'sgx'],
      ['coco-occlum_quote.bin', 's606a'],
    ] as const) {
      const verdict = await verifySgxSample(name, set);
      expect(failures(verdict)).toContainEqual('enclave_attributes: the enclave is under debug');
    }
  });

  it('does not read a quote that names no PCK certificate', () => {
    expect(() => parseSgxQuote(readSample('sgx/intel-qvl-testca-quote.dat'))).toThrow(
      'PCK certification data has type 1 (a plain PPID), expected 5 at offset 1014',
    );
  });

  it('refuses the collateral of another platform, and that of TDX', async () => {
    const other = await verifySgxSample('automata-v3.bin', 'phala');
    expect(failures(other).map((failure) => failure.split(':')[0])).toEqual(['tcb_info', 'qe_identity']);
    const processor = await verifySgxSample('phala-sgx_quote.bin', 'phala');
    expect(failures(processor)).toEqual([expect.stringMatching(/^pck_crl: .*another certificate/)]);
  });

  it('finds a way for every quote, and throws on none', async () => {
    const { collateral, nowMs } = collateralSet('sgx');
    for (const name of listQuotes('sgx')) {
      const quote = readSample(`sgx/${name}`);
      const verdict = await verifyEvidence(
        { kind: 'sgx', quote, collateral },
        { policy: samplePolicy, nowMs },
      );
      expect(verdict.outcome, name).toBe('fail');
    }
  });
});
