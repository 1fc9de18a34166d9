import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildBundle } from '../bundles.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcml-bundle-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('the enclave is one file, the same each time, with three packages that are not ours', async () => {
  const entry = 'apps/cli/src/enclave-main.ts';
  const first = await buildBundle({ entry, target: join(directory, 'one', 'enclave.js') });
  const second = await buildBundle({ entry, target: join(directory, 'two', 'enclave.js') });
  expect(second.sha256).toBe(first.sha256);
  expect(first.packages).toEqual(['@huggingface/jinja', '@noble/hashes', 'hpke']);
  const text = readFileSync(join(directory, 'one', 'enclave.js'), 'utf8');
  // Nothing of this machine goes into what is measured, nothing of the simulation, and no viem.
  for (const foreign of [directory, process.cwd(), 'SIMULATED SGX Root CA', 'viem'])
    expect(text).not.toContain(foreign);
});
