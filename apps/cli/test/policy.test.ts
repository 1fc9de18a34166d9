import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPolicy, encodePolicy, hardwarePolicy, parsePolicy } from '@dcml/attest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dcml-policy-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(text: string): string {
  const file = join(home, 'policy.json');
  writeFileSync(file, text);
  return file;
}

describe('dcml policy show', () => {
  it.each([
    [[], defaultPolicy],
    [['default'], defaultPolicy],
    [['hardware'], hardwarePolicy],
  ])('%j is a policy', async (words, policy) => {
    const { code, stdout } = await runCli(['policy', 'show', ...words]);
    expect(code).toBe(0);
    expect(parsePolicy(stdout)).toEqual(policy);
    const json = await runCli(['policy', 'show', ...words, '--json']);
    expect(parsePolicy(json.stdout)).toEqual(policy);
  });

  it('shows that of the home, and no other', async () => {
    const absent = await runCli(['policy', 'show', 'home', '--home', home]);
    expect([absent.code, absent.stderr.includes('there is no such file')]).toEqual([2, true]);
    write(encodePolicy(hardwarePolicy));
    const kept = await runCli(['policy', 'show', 'home', '--home', home]);
    expect(parsePolicy(kept.stdout)).toEqual(hardwarePolicy);
    const strange = await runCli(['policy', 'show', 'mine']);
    expect([strange.code, strange.stderr.includes('expected default, hardware or home')]).toEqual([2, true]);
  });
});

describe('dcml policy check', () => {
  it('accepts the default, with what it leaves open', async () => {
    const file = write(encodePolicy(defaultPolicy));
    const { code, stdout } = await runCli(['policy', 'check', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^valid /m);
    expect(stdout).toContain('warning  policy.intel.mr_tds: any TDX firmware is accepted');
    expect(stdout).not.toContain('SIMULATED');
  });

  it('warns of what is weaker', async () => {
    const intel = { ...defaultPolicy.intel, allowedTcbStatuses: ['UpToDate', 'OutOfDate'] as const };
    const amd = { ...defaultPolicy.amd, products: ['milan'] as const };
    const file = write(encodePolicy({ ...defaultPolicy, intel, amd }));
    const { code, stdout } = await runCli(['policy', 'check', file, '--json']);
    expect(code).toBe(0);
    const { valid, warnings } = JSON.parse(stdout) as { valid: boolean; warnings: { path: string }[] };
    expect(valid).toBe(true);
    const paths = warnings.map(({ path }) => path);
    expect(paths).toContain('policy.intel.allowed_tcb_statuses');
    expect(paths).toContain('policy.amd.products');
  });

  it('names the wrong member and what was expected', async () => {
    const file = write(encodePolicy(defaultPolicy).replace('"max_vmpl": 0', '"max_vmpl": 9'));
    const text = await runCli(['policy', 'check', file]);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain('INVALID  policy.amd.max_vmpl: expected a number from 0 to 3');
    const json = await runCli(['policy', 'check', file, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: false, path: 'policy.amd.max_vmpl' });
  });

  it.each(['', '{', '[]', 'null', '\uFFFE'])('explains %j', async (text) => {
    const { code, stdout } = await runCli(['policy', 'check', write(text)]);
    expect([code, stdout.startsWith('INVALID')]).toEqual([1, true]);
  });

  it('says of a file that cannot be read that it cannot', async () => {
    const { code, stderr } = await runCli(['policy', 'check', home]);
    expect([code, stderr.includes('is a directory')]).toEqual([2, true]);
  });
});
