import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readIfPresent, writeDurably } from '../chain/durable-file.ts';
import { NetworkError } from './network-error.ts';

const names = ['proxy', 'chain', 'host', 'enclave', 'inner'] as const;
type PortName = (typeof names)[number];

/** The ports of a network on 127.0.0.1; `inner` is the enclave's own, behind the host's relay. */
export type NetworkPorts = Readonly<Record<PortName, number>>;

/** Ports that were asked for; undefined or 0 means any free one. */
export type WantedPorts = Readonly<Partial<Record<PortName, number | undefined>>>;

const options: Readonly<Record<PortName, string>> = {
  proxy: '--port',
  chain: '--chain-port',
  host: '--host-port',
  enclave: '--enclave-port',
  inner: '--enclave-port',
};

async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('a TCP server has a TCP address');
    return address.port;
  } finally {
    server.close();
  }
}

async function choose(name: PortName, wanted: number | undefined, last: number | undefined): Promise<number> {
  if (wanted !== undefined && wanted !== 0) {
    try {
      return await listenOnce(wanted);
    } catch (cause) {
      const option = options[name];
      const message = `port ${wanted} on 127.0.0.1 cannot be used; choose another with ${option}`;
      throw new NetworkError('NETWORK_PORT_TAKEN', message, { cause, details: { port: wanted, option } });
    }
  }
  try {
    return await listenOnce(last ?? 0);
  } catch {
    return listenOnce(0);
  }
}

async function readLastPorts(file: string): Promise<WantedPorts> {
  try {
    return JSON.parse((await readIfPresent(file)) ?? '{}') as WantedPorts;
  } catch {
    // Only a preference: any port will do.
    return {};
  }
}

/**
 * Finds a free port for each part: the wanted one or an error that names its option; else the one of the last run in
 * this directory, so that addresses stay; else any. Throws `NETWORK_PORT_TAKEN`.
 */
export async function choosePorts(directory: string, wanted: WantedPorts): Promise<NetworkPorts> {
  const file = join(directory, 'ports.json');
  const last = await readLastPorts(file);
  const ports: Record<string, number> = {};
  for (const name of names) {
    let port = await choose(name, wanted[name], last[name]);
    while (Object.values(ports).includes(port)) port = await choose(name, 0, undefined);
    ports[name] = port;
  }
  await writeDurably(file, JSON.stringify(ports));
  return ports as NetworkPorts;
}
