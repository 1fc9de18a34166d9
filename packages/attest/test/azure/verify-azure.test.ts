import { parseHclReport } from '@dcml/attest';
import { concatBytes, sha256, toHex } from '@dcml/core';
import {
  createSigningKey,
  extendRegisters,
  hclReportFields,
  quoteSimulatedTpm,
  type SimulatedAzureOptions,
  signSimulatedQuote,
  simulatedBootLog,
  simulatedRuntimeClaims,
  simulatedTdReport,
  writeEventLog,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { akKey, failures, intel, makeSnp, makeTdx, nonce, policy, verify } from './simulated-evidence.ts';

const makers = [
  ['azure-snp', makeSnp],
  ['azure-tdx', makeTdx],
] as const;

describe.each(makers)('sound %s evidence', (kind, make) => {
  it('passes, is simulated, and shows hardware, registers and settings', async () => {
    const verdict = await verify(make());
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.some((claim) => claim.source === 'hardware_proven')).toBe(false);
    const registers = [...extendRegisters(simulatedBootLog(), 'sha256')].map(([pcr, value]) => [
      pcr,
      toHex(value),
    ]);
    expect(verdict.measured).toMatchObject({
      kind,
      composeHash: null,
      reportData: toHex(nonce),
      tpm: { bank: 'sha256', pcrs: Object.fromEntries(registers), resetCount: 7 },
      vmConfiguration: { 'console-enabled': false, 'secure-boot': true, 'tpm-enabled': true },
      userData: '00'.repeat(64),
    });
    expect(verdict.measured).toHaveProperty(kind === 'azure-snp' ? 'snp.vmpl' : 'tdx.tcbStatus');
  });

  it('passes with a TPMT_SIGNATURE, without event log, and in an NV area of another size', async () => {
    expect((await verify(make({ tpm: { form: 'tpmt' } }))).outcome).toBe('pass');
    const { eventLog: _, ...evidence } = make();
    expect((await verify(evidence)).outcome).toBe('pass');
    expect((await verify(make({ hcl: { areaBytes: 0 } }))).outcome).toBe('pass');
    expect((await verify(make({ hcl: { version: 1, areaBytes: 4096 } }))).outcome).toBe('pass');
  });

  it('leaves the nonce and the application unknown', async () => {
    const open = await verify(make(), { expectedReportData: undefined as never });
    expect(open.outcome).toBe('unknown');
    const asks = await verify(make(), { policy: { ...policy, composeHashes: ['00'.repeat(32)] } });
    expect(asks.claims.find(({ name }) => name === 'compose_accepted')?.outcome).toBe('unknown');
    expect(asks.outcome).toBe('unknown');
  });

  it('obeys the policy about kinds, machines and registers', async () => {
    expect(failures(await verify(make(), { policy: { ...policy, kinds: ['tdx'] } }))).toEqual([
      `kind_accepted: the policy accepts tdx, not ${kind}`,
    ]);
    const id = (await verify(make())).measured?.platformId ?? '';
    const denied = await verify(make(), { policy: { ...policy, platforms: { allow: null, deny: [id] } } });
    expect(failures(denied)).toEqual([`platform_accepted: the policy denies platform ${id}`]);
    const value = toHex(extendRegisters(simulatedBootLog(), 'sha256').get(4)!);
    const tpm = (accepted: string): typeof policy => ({
      ...policy,
      tpm: { pcrs: { '4': [accepted] }, requiredPcrs: [7] },
    });
    expect((await verify(make(), { policy: tpm(value) })).outcome).toBe('pass');
    expect(failures(await verify(make(), { policy: tpm('00'.repeat(32)) }))[0]).toMatch(
      /^pcrs_accepted: PCR 4/,
    );
  });
});

describe.each(makers)('%s evidence is refused for', (_kind, make) => {
  const refusal = async (options: SimulatedAzureOptions): Promise<string> => {
    const verdict = await verify(make(options));
    expect(verdict.outcome).toBe('fail');
    expect(failures(verdict)).toHaveLength(1);
    return failures(verdict)[0]!;
  };
  const runtime = (
    change: (claims: ReturnType<typeof simulatedRuntimeClaims>) => unknown,
  ): SimulatedAzureOptions => ({
    runtimeText: JSON.stringify(change(simulatedRuntimeClaims(akKey))),
  });

  it('a report in another form', async () => {
    const cases: [SimulatedAzureOptions['hcl'], RegExp][] = [
      [{ signature: 0x414c_4349 }, /does not start with HCLA/],
      [{ version: 0 }, /version is 0, expected 1 or 2/],
      [{ version: 3 }, /version is 3, expected 1 or 2/],
      [{ requestType: 1 }, /request type is 1/],
      [{ status: 1 }, /status is 1/],
      [{ reportType: 3 }, /report type is 3/],
      [{ runtimeVersion: 2 }, /runtime data version is 2/],
      [{ hashType: 2 }, /report data hash is 2/],
      [{ size: 1 }, /report size is 1, expected \d+ at offset 8/],
      [{ dataSize: 1 }, /runtime data has 1 bytes, its variable part \d+/],
      [{ areaBytes: 9000 }, /is longer than 8192 bytes/],
    ];
    for (const [hcl, reason] of cases) {
      const refused = await refusal(hcl === undefined ? {} : { hcl });
      expect(refused).toMatch(/^hcl_report: HCL report: /);
      expect(refused).toMatch(reason);
    }
  });

  it('reserved and trailing bytes', async () => {
    const evidence = make();
    const edited = async (offset: number): Promise<string[]> => {
      const hclReport = Uint8Array.from(evidence.hclReport);
      hclReport[offset] = 1;
      return failures(await verify({ ...evidence, hclReport }));
    };
    expect(await edited(20)).toEqual(['hcl_report: HCL report: reserved must be zero at offset 20']);
    expect(await edited(2599)).toEqual([
      'hcl_report: HCL report: padding after the report must be zero at offset 2599',
    ]);
  });

  it('report data that is not the hash of the runtime data and 32 zero bytes', async () => {
    expect(await refusal({ hardwareReportData: new Uint8Array(64) })).toMatch(/^runtime_data_bound: /);
    const text = JSON.stringify(simulatedRuntimeClaims(akKey));
    const digest = sha256(new TextEncoder().encode(text));
    expect(
      await refusal({ hardwareReportData: concatBytes(digest, new Uint8Array(31), Uint8Array.of(1)) }),
    ).toMatch(/^runtime_data_bound/);
    expect(
      (await verify(make({ hardwareReportData: concatBytes(digest, new Uint8Array(32)) }))).outcome,
    ).toBe('pass');
  });

  it('runtime data that does not name one key for signatures', async () => {
    const [ak, ek] = simulatedRuntimeClaims(akKey).keys;
    const keys = (...list: unknown[]): SimulatedAzureOptions =>
      runtime((claims) => ({ ...claims, keys: list }));
    const cases: [SimulatedAzureOptions, RegExp][] = [
      [{ runtimeText: '{' }, /JSON/],
      [{ runtimeText: '[]' }, /expected an object/],
      [{ runtimeText: '' }, /JSON/],
      [{ runtimeText: '{"keys":[],"keys":[]}' }, /duplicate key/],
      [keys(), /has 0 keys HCLAkPub/],
      [keys(ek), /has 0 keys HCLAkPub/],
      [keys(ak, ak), /has 2 keys HCLAkPub/],
      [keys({ ...ak, kty: 'EC' }), /kty: expected one of RSA/],
      [keys({ ...ak, e: 'Aw' }), /e: expected one of AQAB/],
      [keys({ ...ak, key_ops: ['sign', 'decrypt'] }), /is not a key for signatures only/],
      [keys({ ...ak, key_ops: ['encrypt'] }), /is not a key for signatures only/],
      [keys({ ...ak, n: 'AAAA' }), /modulus has leading zeros/],
      [keys({ ...ak, n: '__8' }), /RSA key has 16 bits/],
      [keys({ ...ak, n: `${ak!.n}=` }), /not base64url/],
      [keys(7), /expected an object/],
      [runtime(({ keys: list }) => ({ keys: list })), /vm-configuration: is missing/],
      [runtime((claims) => ({ ...claims, 'vm-configuration': { nested: {} } })), /nested is no plain value/],
      [
        runtime((claims) => ({
          ...claims,
          'vm-configuration': Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, true])),
        })),
        /more than 64 members/,
      ],
      [runtime((claims) => ({ ...claims, 'user-data': 'xyz' })), /user-data is not hex/],
    ];
    for (const [options, reason] of cases) {
      const refused = await refusal(options);
      expect(refused).toMatch(/^runtime_keys: /);
      expect(refused).toMatch(reason);
    }
    const without = await verify(
      make(runtime(({ keys, 'vm-configuration': settings }) => ({ keys, 'vm-configuration': settings }))),
    );
    expect(without).toMatchObject({ outcome: 'pass', measured: { userData: null } });
  });

  it('a quote by another key, over other registers, or with another nonce', async () => {
    const stranger = createSigningKey('rsa-sha256');
    expect(await refusal({ tpmQuote: quoteSimulatedTpm(stranger, { extraData: nonce }) })).toMatch(
      /^tpm_quote_signature/,
    );
    expect(await refusal({ tpm: { extraData: new Uint8Array(32) } })).toMatch(/^report_data_bound/);
    expect(await refusal({ tpm: { attest: { pcrDigest: new Uint8Array(32) } } })).toMatch(/^pcr_digest/);
    expect(await refusal({ tpm: { attest: { magic: 1 } } })).toMatch(/^tpm_quote_format/);
    expect(await refusal({ tpm: { bank: 'sha1' } })).toMatch(/^pcr_bank/);
  });

  it('an event log of another boot', async () => {
    const eventLog = writeEventLog(simulatedBootLog().slice(1));
    expect(failures(await verify({ ...make(), eventLog }))[0]).toMatch(/^event_log_replay: PCR 0/);
  });

  it('hardware evidence that does not hold', async () => {
    const none = await verify(make(), { policy: { ...policy, roots: [] } });
    expect(failures(none)[0]).toMatch(/^trusted_root/);
    expect(none.measured).toBeNull();
    expect(none.claims.find(({ name }) => name === 'tpm_quote_signature')?.outcome).toBe('unknown');
  });

  it('the report of the other kind of hardware', async () => {
    const other = _kind === 'azure-snp' ? makeTdx() : makeSnp();
    const verdict = await verify({ ...make(), hclReport: other.hclReport });
    expect(failures(verdict)[0]).toMatch(
      /^hcl_report: HCL report: (?:report type is|padding of the hardware report)/,
    );
  });
});

describe('the TD report in the paravisor report', () => {
  const refusal = async (options: SimulatedAzureOptions): Promise<string> => {
    const verdict = await verify(makeTdx(options));
    expect(verdict.outcome).toBe('fail');
    return failures(verdict)[0]!;
  };
  const fields = [
    ['teeTcbSvn', 16, 'TEE_TCB_SVN'],
    ['mrSeam', 48, 'MRSEAM'],
    ['mrSignerSeam', 48, 'MRSIGNERSEAM'],
    ['seamAttributes', 8, 'SEAMATTRIBUTES'],
    ['tdAttributes', 8, 'TDATTRIBUTES'],
    ['xfam', 8, 'XFAM'],
    ['mrTd', 48, 'MRTD'],
    ['mrConfigId', 48, 'MRCONFIGID'],
    ['mrOwner', 48, 'MROWNER'],
    ['mrOwnerConfig', 48, 'MROWNERCONFIG'],
    ['reportData', 64, 'REPORTDATA'],
  ] as const;

  it.each(fields)('has the %s of the quote', async (field, length, name) => {
    const tdReport = { [field]: new Uint8Array(length).fill(0x77) };
    expect(await refusal({ tdReport })).toBe(
      `td_report_quoted: the TD report has another ${name} than the quote`,
    );
  });

  it('has the registers of the quote', async () => {
    for (const i of [0, 1, 2, 3]) {
      const quoted = simulatedTdReport().rtmrs;
      const rtmrs = quoted.map((register, at) => (at === i ? new Uint8Array(48).fill(1) : register));
      expect(await refusal({ tdReport: { rtmrs } })).toMatch(new RegExp(`another RTMR${i} than the quote`));
    }
  });

  it('has the service TD and the second SVN of a quote 1.5', async () => {
    const evidence = makeTdx();
    const reportData = evidence.hclReport.slice(32 + 128, 32 + 192);
    const td = { reportData, teeTcbSvn2: new Uint8Array(16).fill(9), mrServiceTd: new Uint8Array(48) };
    const quote = signSimulatedQuote(intel, { version: 5, td });
    expect(failures(await verify({ ...evidence, quote }))).toContain(
      'td_report_quoted: the TD report has another TEE_TCB_SVN2 than the quote',
    );
    const service = signSimulatedQuote(intel, {
      version: 5,
      td: { ...td, teeTcbSvn2: new Uint8Array(16), mrServiceTd: new Uint8Array(48).fill(1) },
    });
    expect(failures(await verify({ ...evidence, quote: service }))).toContain(
      'td_report_quoted: the TD report has another MRSERVICETD than the quote',
    );
  });

  it('has its own hashes and type', async () => {
    const wrong = new Uint8Array(48);
    expect(await refusal({ tdReportExtras: { tcbInfoHash: wrong } })).toMatch(
      /does not have the hash of its TEE_TCB_INFO/,
    );
    expect(await refusal({ tdReportExtras: { tdInfoHash: wrong } })).toMatch(
      /does not have the hash of its TDINFO/,
    );
    expect(await refusal({ tdReportExtras: { type: Uint8Array.of(0x80, 0, 0, 0) } })).toMatch(
      /is not of a TD/,
    );
    expect(await refusal({ tdReportExtras: { type: Uint8Array.of(0x81, 1, 0, 0) } })).toMatch(
      /is not of a TD/,
    );
    expect(await refusal({ tdReportExtras: { type: Uint8Array.of(0x81, 0, 0, 1) } })).toMatch(
      /reserved must be zero/,
    );
  });
});

describe('reserved bytes around and in the TD report', () => {
  it.each([
    [32 + 3, 'td_report_quoted: TD report: reserved must be zero at offset 3'],
    [32 + 192, 'td_report_quoted: TD report: reserved must be zero at offset 192'],
    [32 + 495, 'td_report_quoted: TD report: reserved must be zero at offset 495'],
    [32 + 1024, 'hcl_report: HCL report: padding of the hardware report must be zero at offset 1056'],
  ])('are zero: %i', async (offset, reason) => {
    const evidence = makeTdx();
    const hclReport = Uint8Array.from(evidence.hclReport);
    hclReport[offset] = 1;
    expect(failures(await verify({ ...evidence, hclReport }))).toEqual([reason]);
  });
});

describe('parseHclReport', () => {
  it('refuses a report cut at any length before its end', () => {
    const { hclReport } = makeSnp({ hcl: { areaBytes: 0 } });
    for (let length = 0; length < hclReport.length; length++) {
      expect(() => parseHclReport(hclReport.slice(0, length), 'snp')).toThrow(
        expect.objectContaining({ code: 'ATTEST_FORMAT' }),
      );
    }
    expect(hclReportFields('snp', new Uint8Array(1184), new Uint8Array(0)).areaBytes).toBe(2600);
  });
});
