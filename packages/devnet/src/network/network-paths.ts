import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a network keeps what. */
export interface NetworkPaths {
  readonly home: string;
  /** Who runs now and where; exists while the network is up. */
  readonly runFile: string;
  readonly policyFile: string;
  readonly chainDirectory: string;
  readonly hostDirectory: string;
  readonly enclaveDirectory: string;
  readonly clientDirectory: string;
  readonly logDirectory: string;
  /** Unix sockets: their paths are limited to about 100 bytes, so a long home has them elsewhere. */
  readonly socketDirectory: string;
}

// sun_path has 108 bytes on Linux and 104 on macOS, with the closing zero.
const LONGEST_SOCKET_DIRECTORY = 80;

export function networkPaths(home: string): NetworkPaths {
  const inside = join(home, 'run');
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const isShort = Buffer.byteLength(inside) <= LONGEST_SOCKET_DIRECTORY;
  return {
    home,
    runFile: join(home, 'run.json'),
    policyFile: join(home, 'policy.json'),
    chainDirectory: join(home, 'chain'),
    hostDirectory: join(home, 'host'),
    enclaveDirectory: join(home, 'enclave'),
    clientDirectory: join(home, 'client'),
    logDirectory: join(home, 'logs'),
    socketDirectory: isShort ? inside : join(tmpdir(), `dcml-${name}`),
  };
}
