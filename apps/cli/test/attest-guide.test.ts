import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { encodeIntelCollateral, encodePolicy, hardwarePolicy } from '@dcml/attest';
import { systemRandom, toHex } from '@dcml/core';
import {
  createSimulatedVendor,
  issueSimulatedCollateral,
  signSimulatedQuote,
  simulatedChainPem,
} from '@dcml/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../scripts/run-command.ts';
import { commands } from '../src/commands/index.ts';
import { findCommand, parseCommandLine } from '../src/program/parse-command-line.ts';

// Every command of docs/guide/attest.md, in a directory that holds what the page talks about. Commands marked `network`
// are read as the program reads them and not run.

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/guide/attest.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh(?: (\w+))?\n([\s\S]*?)^```$/gm)].map(([, mark = '', text = '']) => ({
  mark,
  lines: text.trim().split('\n'),
}));
const linesOf = (mark: string): string[] =>
  blocks.filter((block) => block.mark === mark).flatMap(({ lines }) => lines);

let directory: string;
let env: Record<string, string>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcml-attest-guide-'));
  const nowMs = Date.now();
  const nonce = systemRandom.bytes(32);
  const reportData = new Uint8Array(64);
  reportData.set(nonce);
  const vendor = createSimulatedVendor({ random: systemRandom, nowMs });
  const simulated = {
    name: 'SIMULATED',
    kind: 'intel',
    certificatePem: simulatedChainPem(vendor, 'root'),
  } as const;
  const collateral = JSON.stringify(encodeIntelCollateral(issueSimulatedCollateral(vendor)));
  writeFileSync(join(directory, 'quote.bin'), signSimulatedQuote(vendor, { td: { reportData } }));
  writeFileSync(join(directory, 'collateral.json'), collateral);
  writeFileSync(join(directory, 'policy.json'), encodePolicy({ ...hardwarePolicy, roots: [simulated] }));
  mkdirSync(join(directory, 'documents'));
  mkdirSync(join(directory, 'bin'));
  copyFileSync(join(directory, 'collateral.json'), join(directory, 'documents', 'intel.json'));
  symlinkSync(join(root, 'apps/cli/bin/dcml.js'), join(directory, 'bin', 'dcml'));
  env = {
    PATH: [join(directory, 'bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    HOME: directory,
    DCML_HOME: directory,
    NONCE: toHex(nonce),
    MOMENT: new Date(nowMs).toISOString(),
  };
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('docs/guide/attest.md', () => {
  it('marks its blocks', () => {
    expect(new Set(blocks.map(({ mark }) => mark))).toEqual(new Set(['', 'network']));
  });

  it.each(linesOf(''))('%s', async (line) => {
    const { code, stdout, output } = await runCommand(['bash', '-c', line], {
      cwd: directory,
      env,
      timeoutMs: 60_000,
    });
    expect(code, output).toBe(0);
    if (line.includes('attest verify')) expect(stdout).toMatch(/SIMULATED|"simulated":true/);
    if (line.includes('inspect')) expect(stdout).toContain('UNVERIFIED');
  });

  it.each(linesOf('network'))('%s', (line) => {
    const [, ...words] = line.split(' ');
    const { command, rest } = findCommand(words, commands);
    expect(() => parseCommandLine(command, rest)).not.toThrow();
  });
});
