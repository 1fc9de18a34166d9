import { once } from 'node:events';
import { createServer } from 'node:net';
import { NetworkError } from './network-error.ts';

/** A port of the network and the command-line option that chooses it. */
export interface PortChoice {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly option: string;
}

/**
 * Checks that a port on 127.0.0.1 is free, or lets the system choose one, and returns its number.
 * A check before the start gives an error that names the option; the process that listens checks again.
 * Throws `NETWORK_PORT_TAKEN`.
 */
export async function claimPort({ port, option }: PortChoice): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('a TCP server has a TCP address');
    return address.port;
  } catch (cause) {
    const message = `port ${port} on 127.0.0.1 cannot be used; choose another with ${option}`;
    throw new NetworkError('NETWORK_PORT_TAKEN', message, { cause, details: { port, option } });
  } finally {
    server.close();
  }
}
