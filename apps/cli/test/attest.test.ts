import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePolicy } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asFiles } from '../../../packages/evidence-files/test/evidence-as-files.ts';
import { runCli } from './run-cli.ts';

// Synthetic evidence of every kind, as files, through the command line.

const launcher = join(import.meta.dirname, '../bin/dcml.js');
const catalogue = soundEvidence();
const slots = ['tdx', 'dstack-tdx', 'sgx', 'snp'];
let directory: string;

interface Sample {
  readonly file: string;
  readonly collateral: string;
  readonly policy: string;
  readonly at: string;
  /** Option and value. */
  readonly binding: readonly string[];
}
const samples: Sample[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcml-attest-'));
  for (const [i, { evidence, options }] of catalogue.entries()) {
    const files = asFiles(evidence);
    const base = join(directory, `${i}`);
    mkdirSync(join(base, 'collateral'), { recursive: true });
    writeFileSync(join(base, 'evidence'), files.evidence);
    for (const [name, bytes] of Object.entries(files.collateral)) {
      writeFileSync(join(base, 'collateral', name), bytes);
    }
    writeFileSync(join(base, 'policy.json'), encodePolicy(options.policy));
    const expected = toHex(options.expectedReportData ?? new Uint8Array());
    samples.push({
      file: join(base, 'evidence'),
      collateral: join(base, 'collateral'),
      policy: join(base, 'policy.json'),
      at: new Date(options.nowMs).toISOString(),
      binding: [slots.includes(evidence.kind) ? '--report-data' : '--nonce', expected],
    });
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const verify = (sample: Sample, ...more: string[]): Promise<Awaited<ReturnType<typeof runCli>>> =>
  runCli([
    'attest',
    'verify',
    sample.file,
    '--at',
    sample.at,
    '--policy',
    sample.policy,
    '--home',
    directory,
    ...more,
  ]);
const sampleOf = (kind: string): Sample =>
  samples[catalogue.findIndex(({ evidence }) => evidence.kind === kind)]!;

interface Answer {
  readonly outcome: string;
  readonly simulated: boolean;
  readonly evidence: readonly {
    readonly kind: string;
    readonly claims: readonly {
      readonly name: string;
      readonly outcome: string;
      readonly source: string;
      readonly reason: string;
    }[];
    readonly measured: Readonly<Record<string, unknown>> | null;
    readonly missing: readonly { readonly what: string }[];
  }[];
  readonly next: readonly string[];
}
const answer = (text: string): Answer => JSON.parse(text) as Answer;

describe('dcml attest verify', () => {
  it.each(catalogue.map(({ name }, i) => [name, i] as const))('%s: accepted, SIMULATED', async (_name, i) => {
    const sample = samples[i]!;
    const words = ['--collateral', sample.collateral, ...sample.binding];
    const text = await verify(sample, ...words);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^verdict +pass SIMULATED$/m);
    const json = answer((await verify(sample, ...words, '--json')).stdout);
    expect(json).toMatchObject({ outcome: 'pass', simulated: true });
    const [evidence] = json.evidence;
    expect(evidence?.kind).toBe(catalogue[i]?.evidence.kind);
    expect(evidence?.measured).not.toBeNull();
    for (const claim of evidence?.claims ?? []) {
      expect(claim.reason).not.toBe('');
      expect(claim.source).not.toBe('hardware_proven');
      expect(text.stdout).toContain(claim.name);
    }
  });

  it.each(catalogue.map(({ name }, i) => [name, i] as const))(
    '%s: refused by the default policy',
    async (_name, i) => {
      const sample = samples[i]!;
      const words = ['--policy', 'default', '--collateral', sample.collateral, ...sample.binding, '--json'];
      const { code, stdout } = await verify(sample, ...words);
      expect(code).toBe(1);
      expect(answer(stdout)).toMatchObject({ outcome: 'fail' });
    },
  );

  it('says what is missing and which command fetches it, and accepts nothing', async () => {
    const sample = sampleOf('tdx');
    const { code, stdout } = await verify(sample);
    expect(code).toBe(1);
    expect(stdout).toContain('NOT ACCEPTED');
    expect(stdout).not.toContain('verdict  pass');
    expect(stdout).toContain(`dcml attest collateral ${sample.file} --out collateral.json`);
    expect(stdout).toContain('TDX TCB info for FMSPC ffd000000000');
    expect(stdout).toContain('--nonce HEX');
    const json = answer((await verify(sample, '--json')).stdout);
    expect(json.outcome).toBe('unknown');
    expect(json.evidence[0]?.missing).toHaveLength(5);
  });

  it('asks for the nonce where nothing else is open', async () => {
    const sample = sampleOf('tdx');
    const { code, stdout } = await verify(sample, '--collateral', sample.collateral, '--json');
    const { outcome, next } = answer(stdout);
    expect([code, outcome, next.length]).toEqual([1, 'unknown', 1]);
    expect(next[0]).toContain('--report-data HEX');
  });

  it('takes a nonce as report data, padded with zeros, and refuses another', async () => {
    const sample = sampleOf('tdx');
    const [, data = ''] = sample.binding;
    const whole = await verify(
      sample,
      '--collateral',
      sample.collateral,
      '--nonce',
      `0x${data.toUpperCase()}`,
    );
    expect(whole.code).toBe(0);
    const half = await verify(
      sample,
      '--collateral',
      sample.collateral,
      '--nonce',
      data.slice(0, 64),
      '--json',
    );
    expect(half.code).toBe(1);
    const claim = answer(half.stdout).evidence[0]?.claims.find(({ name }) => name === 'report_data_bound');
    expect(claim).toMatchObject({ outcome: 'fail' });
    expect(claim?.reason).toContain(`expected ${data.slice(0, 64)}${'0'.repeat(64)}`);
  });

  it('judges as of --at', async () => {
    const sample = sampleOf('tdx');
    const words = ['--collateral', sample.collateral, ...sample.binding, '--at', '2020-01-01'];
    const { code, stdout } = await verify(sample, ...words);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL +pck_chain/);
  });

  it('takes several --collateral, each a file or a directory', async () => {
    const sample = sampleOf('dstack-tdx');
    const words = ['intel.json', 'info.json'].flatMap((name) => [
      '--collateral',
      join(sample.collateral, name),
    ]);
    expect((await verify(sample, ...words, ...sample.binding)).code).toBe(0);
    const one = await verify(
      sample,
      '--collateral',
      join(sample.collateral, 'intel.json'),
      ...sample.binding,
    );
    expect(one.code).toBe(1);
    expect(one.stdout).toContain('app-compose.json');
  });

  it('asks for GPUs that the policy asks for', async () => {
    const sample = sampleOf('tdx');
    const { policy } = catalogue.find(({ evidence }) => evidence.kind === 'tdx')!.options;
    const file = join(directory, 'gpus.json');
    writeFileSync(file, encodePolicy({ ...policy, nvidia: { ...policy.nvidia, minGpus: 8 } }));
    const words = ['--policy', file, '--collateral', sample.collateral, ...sample.binding];
    const { code, stdout } = await verify(sample, ...words);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL +gpus_shown .*asks for 8 GPUs/);
  });

  it.each([
    [['--nonce', 'xyz'], 'CLI_USAGE', '--nonce: expected bytes in hex'],
    [['--report-data', 'abc'], 'CLI_USAGE', '--report-data: expected bytes in hex'],
    [['--report-data', 'abcd'], 'CLI_USAGE', 'report data has 64 bytes, 2 were given'],
    [['--nonce', '00'.repeat(65)], 'CLI_USAGE', 'the nonce has 65 bytes'],
    [['--at', 'yesterday'], 'CLI_USAGE', '--at: expected a time'],
    [['--collateral', '/nowhere'], 'CLI_INPUT', '/nowhere: there is no such file'],
    [['--policy', '/nowhere'], 'CLI_INPUT', 'policy /nowhere: there is no such file'],
  ])('%j cannot be used', async (words, code, message) => {
    const run = await verify(sampleOf('tdx'), ...words);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(message);
    expect(run.stderr).toContain(`[${code}]`);
    expect(run.stdout).toBe('');
  });
});

describe('files that are no evidence', () => {
  it.each<readonly [string, string | Uint8Array, string]>([
    ['garbage', Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 251), 'EVIDENCE_FILE_UNKNOWN'],
    ['nothing', '', 'EVIDENCE_FILE_UNKNOWN'],
    ['broken JSON', '{"quote":', 'EVIDENCE_FILE_BROKEN'],
    ['terminal tricks', '{"\\u001b[2J":1}', 'EVIDENCE_FILE_UNKNOWN'],
    ['a key set', '{"keys":[{"kty":"EC"}]}', 'EVIDENCE_FILE_NO_EVIDENCE'],
  ])('%s', async (name, content, code) => {
    const file = join(directory, name);
    writeFileSync(file, content);
    const run = await runCli(['attest', 'verify', file]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`[${code}]`);
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(run.stderr).not.toContain('\u001b');
    const json = await runCli(['attest', 'verify', file, '--json']);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'CLI_INPUT' } });
  });

  it('a directory, an absent file, an endless one, one that may not be read', async () => {
    expect((await runCli(['attest', 'verify', directory])).stderr).toContain('is a directory');
    expect((await runCli(['attest', 'inspect', join(directory, 'absent')])).stderr).toContain('no such file');
    const endless = await runCli(['attest', 'verify', '/dev/zero']);
    expect([endless.code, endless.stderr.includes('has more than 8388608 bytes')]).toEqual([2, true]);
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'x');
    chmodSync(secret, 0o000);
    expect((await runCli(['attest', 'verify', secret])).code).toBe(2);
  });
});

describe('dcml attest inspect', () => {
  it.each(catalogue.map(({ name }, i) => [name, i] as const))('%s: every field, marked', async (_name, i) => {
    const { file } = samples[i]!;
    const text = await runCli(['attest', 'inspect', file]);
    expect(text.code).toBe(0);
    expect(text.stdout.startsWith('UNVERIFIED')).toBe(true);
    expect(text.stdout).not.toContain('unreadable');
    const json = JSON.parse((await runCli(['attest', 'inspect', file, '--json'])).stdout) as Record<
      string,
      unknown
    >;
    expect(json).toMatchObject({ unverified: true });
  });

  it('shows collateral, and what a strict reader refuses', async () => {
    const sample = sampleOf('tdx');
    const collateral = await runCli(['attest', 'inspect', join(sample.collateral, 'intel.json')]);
    expect(collateral.stdout).toContain('tcbEvaluationDataNumber');
    expect(collateral.stdout).toContain('type: crl');
    const broken = join(directory, 'broken-quote');
    const { evidence } = catalogue.find((sound) => sound.evidence.kind === 'tdx')!;
    const quote = evidence.kind === 'tdx' ? Uint8Array.from(evidence.quote) : new Uint8Array();
    quote[8] = 1;
    writeFileSync(broken, quote);
    const { code, stdout } = await runCli(['attest', 'inspect', broken]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/unreadable: TDX quote: reserved must be zero/);
  });
});

describe('dcml attest collateral', () => {
  it.each([
    [[], 'CLI_USAGE', 'needs FILE or --fmspc'],
    [['x', '--fmspc', '00'.repeat(6)], 'CLI_USAGE', 'and not both'],
    [['--fmspc', 'zz'], 'CLI_USAGE', 'expected 12 hex digits'],
    [['--fmspc', '00'.repeat(6), '--tee', 'sev'], 'CLI_USAGE', '--tee: expected tdx or sgx'],
    [['--fmspc', '00'.repeat(6), '--offline'], 'CLI_USAGE', '--offline needs --cache'],
  ])('%j', async (words, code, message) => {
    const run = await runCli(['attest', 'collateral', ...words]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
    expect(run.stderr).toContain(`[${code}]`);
  });

  it('finds nothing in an empty cache without a network', async () => {
    const words = ['--fmspc', '90c06f000000', '--offline', '--cache', join(directory, 'cache'), '--json'];
    const run = await runCli(['attest', 'collateral', ...words]);
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stderr)).toMatchObject({ error: { code: 'COLLATERAL_OFFLINE' } });
  });

  it('has nothing to fetch for a Nitro document', async () => {
    const run = await runCli(['attest', 'collateral', sampleOf('nitro').file]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('nothing is published about what is in it');
  });
});

describe('as a process', () => {
  const dcml = (args: readonly string[], input?: Uint8Array) =>
    spawnSync(process.execPath, [launcher, ...args], {
      encoding: 'utf8',
      ...(input && { input }),
      timeout: 30_000,
    });

  it('reads standard input, and ends with the codes that it promises', () => {
    const sample = sampleOf('tdx');
    const { evidence } = asFiles(catalogue.find((sound) => sound.evidence.kind === 'tdx')!.evidence);
    const words = ['--at', sample.at, '--policy', sample.policy, ...sample.binding, '--home', directory];
    const passed = dcml(['attest', 'verify', '-', '--collateral', sample.collateral, ...words], evidence);
    expect([passed.status, passed.stderr]).toEqual([0, '']);
    expect(passed.stdout).toContain('SIMULATED');
    const open = dcml(['attest', 'verify', sample.file, ...words]);
    expect([open.status, open.stderr]).toEqual([1, '']);
    const garbage = dcml(['attest', 'verify', '-'], new Uint8Array(100));
    expect(garbage.status).toBe(2);
    expect(garbage.stdout + garbage.stderr).not.toMatch(/^ +at /m);
  });
});
