import { chmod, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { HostError } from '../host-error.ts';

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    server.once('error', failed);
    server.once('listening', () => {
      server.off('error', failed);
      resolve();
    });
    start();
  });
}

function listenError(cause: unknown, where: string): HostError {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === 'EADDRINUSE'
    ? new HostError('HOST_PORT_TAKEN', `${where} is in use`, { cause, details: { where } })
    : new HostError('HOST_CONFIG', `cannot listen on ${where}: ${code ?? 'unknown error'}`, { cause });
}

/** Resolves to the port. Throws `HOST_PORT_TAKEN` or `HOST_CONFIG`. */
export async function listenTcp(server: Server, at: { host: string; port: number }): Promise<number> {
  try {
    await listening(server, () => server.listen(at.port, at.host));
  } catch (cause) {
    throw listenError(cause, `${at.host}:${at.port}`);
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new HostError('HOST_CONFIG', 'no TCP address');
  return address.port;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/**
 * Listens on a Unix socket that only this user may open. A socket file that a crash left behind is removed;
 * one that somebody serves is not. Throws `HOST_PORT_TAKEN` or `HOST_CONFIG`.
 */
export async function listenUnix(server: Server, path: string): Promise<void> {
  if (await isServed(path))
    throw new HostError('HOST_PORT_TAKEN', `${path} is in use`, { details: { where: path } });
  try {
    await unlink(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw listenError(cause, path);
  }
  try {
    await listening(server, () => server.listen(path));
    await chmod(path, 0o600);
  } catch (cause) {
    throw listenError(cause, path);
  }
}
