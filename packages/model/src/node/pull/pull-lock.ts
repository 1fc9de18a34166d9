import { readFile, rm, writeFile } from 'node:fs/promises';
import { ModelError } from '../../model-error.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function takeLock(path: string): Promise<void> {
  if (await tryLock(path)) return;
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) {
    await rm(path, { force: true });
    if (await tryLock(path)) return;
  }
  throw new ModelError('MODEL_BUSY', `process ${pid} is downloading this model (${path})`, {
    details: { path, pid },
  });
}

/**
 * Runs `work` while `path` is locked, so that two downloads never write one part file. The lock of a process that died
 * is taken over. Throws `MODEL_BUSY`.
 */
export async function withPullLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await takeLock(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}
