import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { PlatformFault } from '@dcml/testing/evidence-source';

export interface FaultySocket {
  setFault(fault: PlatformFault): void;
  close(): Promise<void>;
}

/** A Unix socket in front of another one, which can fail on demand. `malformed` gives this answer instead. */
export async function openFaultySocket(
  path: string,
  behind: string,
  malformed: string,
): Promise<FaultySocket> {
  let fault: PlatformFault = 'none';
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (fault === 'gone') client.destroy();
    else if (fault === 'malformed') client.once('data', () => client.end(malformed));
    else if (fault === 'none') {
      const upstream = keep(connect(behind));
      client.pipe(upstream).pipe(client);
    }
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    setFault: (next) => {
      fault = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
