import { setTimeout as sleep } from 'node:timers/promises';
import { isHomeLocked } from './home-lock.ts';
import { NetworkError } from './network-error.ts';
import { networkPaths } from './network-paths.ts';
import { type NetworkInfo, readRunFile } from './run-file.ts';

/** The network that runs in a home, or undefined. A run.json that a killed supervisor left does not count. */
export function findNetwork(home: string): NetworkInfo | undefined {
  const info = readRunFile(networkPaths(home).runFile);
  return info !== undefined && isHomeLocked(home) ? info : undefined;
}

/**
 * Asks the network of a home to stop and waits until it has. Returns what ran, or undefined when nothing did.
 * Throws `NETWORK_CHILD_SLOW` when it is still there after the deadline, and the signal's reason on abort.
 */
export async function stopNetwork(
  home: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<NetworkInfo | undefined> {
  const info = findNetwork(home);
  if (info === undefined) return undefined;
  process.kill(info.pid, 'SIGTERM');
  const deadline = performance.now() + options.timeoutMs;
  while (isHomeLocked(home)) {
    if (performance.now() > deadline) {
      const message = `the network of ${home} (process ${info.pid}) did not stop in ${options.timeoutMs / 1000} s`;
      throw new NetworkError('NETWORK_CHILD_SLOW', message, { details: { pid: info.pid } });
    }
    await sleep(100, undefined, { signal: options.signal });
  }
  return info;
}
