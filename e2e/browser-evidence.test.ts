import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { verifyEvidence } from '@dcml/attest';
import { EvidenceMutator, SeededChoice } from '@dcml/testing/mutation';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeTask, type Task } from './browser/evidence-transfer.ts';
import { bundleForBrowser, chromiumPath, type OpenPage, openPage } from './browser/open-page.ts';

const entry = join(import.meta.dirname, 'browser/verify-page.ts');
const seed = Number(process.env['DCML_SEED']);

it('the verifier of every kind of evidence fits a web page', async () => {
  const bundle = await bundleForBrowser(entry);
  const kilobytes = gzipSync(bundle, { level: 9 }).length / 1000;
  console.log(`the verifier with all kinds is ${kilobytes.toFixed(1)} kB gzipped`);
  expect(kilobytes).toBeLessThanOrEqual(120);
});

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  let open: OpenPage;

  beforeAll(async () => {
    open = await openPage(await bundleForBrowser(entry), AbortSignal.timeout(60_000));
  });
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
  });

  const verifyInPage = async (task: Task): Promise<unknown> =>
    JSON.parse(
      await open.page.evaluate(
        (text) => (globalThis as unknown as { verifyTask(text: string): Promise<string> }).verifyTask(text),
        encodeTask(task),
      ),
    );
  const inNode = async ({ evidence, options }: Task): Promise<unknown> =>
    JSON.parse(JSON.stringify(await verifyEvidence(evidence, options)));

  it.each(soundEvidence())('$name has the verdict that it has in Node', async ({ evidence, options }) => {
    const verdict = await verifyInPage({ evidence, options });
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict).toEqual(await inNode({ evidence, options }));
  });

  it.each(soundEvidence())('$name, changed, is judged as in Node', async ({ evidence, options }) => {
    const mutator = new EvidenceMutator(evidence);
    for (let next = seed; next < seed + 20; next++) {
      const mutated = mutator.next(new SeededChoice(next));
      if (mutated === undefined) continue;
      const task = { evidence: mutated.evidence, options };
      expect(await verifyInPage(task), `seed ${next}, ${mutated.path}`).toEqual(await inNode(task));
    }
  });
});
