import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Counters } from '../counters.ts';
import { listenTcp } from '../http/listen.ts';
import type { Log } from '../log.ts';
import { pumpBytes } from './pump.ts';

export interface RelayOptions {
  /** Where clients connect. Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The enclave's TLS port. */
  readonly target: { readonly host: string; readonly port: number };
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** A connection without a byte either way for this long is cut. */
  readonly idleTimeoutMs: number;
  readonly log: Log;
  readonly counters: Counters;
}

export interface Relay {
  readonly port: number;
  /** Stops listening, gives open connections `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

function joinSockets(client: Socket, enclave: Socket, options: RelayOptions): void {
  const { counters } = options;
  // Cut with a reset: a plain end would look like a complete answer.
  const cut = (): void => {
    client.resetAndDestroy();
    enclave.resetAndDestroy();
  };
  for (const socket of [client, enclave]) {
    socket.setNoDelay(true);
    socket.setTimeout(options.idleTimeoutMs, () => {
      counters.add('relay_idle_cut');
      cut();
    });
    socket.on('error', cut);
    socket.on('close', (hadError) => {
      if (hadError) cut();
    });
  }
  pumpBytes(client, enclave, (count) => counters.add('relay_bytes_up', count));
  pumpBytes(enclave, client, (count) => counters.add('relay_bytes_down', count));
}

function relayConnection(client: Socket, options: RelayOptions, open: Set<Socket>): void {
  const { counters, log } = options;
  counters.add('relay_connections');
  const enclave = connect({ ...options.target, allowHalfOpen: true, noDelay: true });
  for (const socket of [client, enclave]) {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  }
  const deadline = setTimeout(() => enclave.destroy(new Error('connect timeout')), options.connectTimeoutMs);
  const refused = (error: Error): void => {
    clearTimeout(deadline);
    counters.add('relay_connect_failed');
    log('warn', 'relay_connect_failed', { reason: error.message });
    client.destroy();
  };
  const gone = (): void => {
    clearTimeout(deadline);
    enclave.destroy();
  };
  enclave.once('error', refused);
  client.once('error', gone);
  client.once('close', gone);
  enclave.once('connect', () => {
    clearTimeout(deadline);
    enclave.off('error', refused);
    client.off('error', gone);
    client.off('close', gone);
    joinSockets(client, enclave, options);
  });
}

/** Relays TCP to the enclave: the host sees TLS records only. Throws `HOST_PORT_TAKEN` or `HOST_CONFIG`. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
    relayConnection(client, options, open),
  );
  server.maxConnections = options.maxConnections;
  server.on('drop', () => options.counters.add('relay_dropped'));
  const port = await listenTcp(server, options.listen);
  return {
    port,
    close: (graceMs) =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => {
          for (const socket of open) socket.destroy();
        }, graceMs);
        server.close(() => {
          clearTimeout(deadline);
          resolve();
        });
      }),
  };
}
