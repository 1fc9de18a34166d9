import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Benchmark } from '../benchmark.ts';
import { runDcml, withNetwork } from '../network.ts';

const MODEL = 'smollm2-135m';

/** Resident memory of a process in MB (Linux). */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`no VmRSS of process ${pid}`);
  return Number(kilobytes) / 1000;
}

async function bareEngineMb(modelPath: string): Promise<number> {
  const script = join(import.meta.dirname, '../bare-engine-child.ts');
  const child = spawn(process.execPath, [script, modelPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  try {
    await Promise.race([
      once(createInterface(child.stdout), 'line'),
      closed.then(() => Promise.reject(new Error('the bare engine ended'))),
    ]);
    return await residentMb(child.pid!);
  } finally {
    child.stdin.end();
    await closed.catch(() => {});
  }
}

export const benchmark: Benchmark = {
  name: 'memory',
  method:
    'resident memory of the enclave process after answers, minus that of a process with nothing but the same engine, model and context after an answer',
  run: (signal) =>
    withNetwork(MODEL, signal, async ({ home, pids }) => {
      for (let i = 0; i < 4; i++) {
        await runDcml(['chat', `Count to ${i}`, '--max-tokens', '16', '--home', home], signal);
      }
      const enclave = await residentMb(pids['enclave']!);
      const { path } = await runDcml<{ path: string }>(['model', 'pull', MODEL], signal);
      const engine = await bareEngineMb(path);
      return [
        { name: 'enclave_process', value: enclave, unit: 'MB' },
        { name: 'bare_engine_process', value: engine, unit: 'MB' },
        { name: 'enclave_besides_engine', value: enclave - engine, unit: 'MB', atMost: 150 },
      ];
    }),
};
