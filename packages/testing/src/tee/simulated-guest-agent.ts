import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { IntelCollateral } from '@dcml/attest';
import { type Random, systemRandom } from '@dcml/core';
import { AgentRequestError, answerAgentRequest } from './agent-methods.ts';
import { issueSimulatedCollateral } from './simulated-collateral.ts';
import { createSimulatedGuest, type SimulatedGuest } from './simulated-guest.ts';
import { type SimulatedVendor, simulatedChainPem } from './simulated-vendor.ts';

const MAX_BODY_BYTES = 64 * 1024;

export interface SimulatedGuestAgentOptions {
  /** Where the enclave expects `/var/run/dstack.sock`. */
  readonly socketPath: string;
  readonly vendor: SimulatedVendor;
  /** The text that the simulated boot measures. */
  readonly appCompose: string;
  /** Aborting stops the server and removes the socket. */
  readonly signal: AbortSignal;
  readonly random?: Random;
}

export interface SimulatedGuestAgent {
  readonly socketPath: string;
  readonly guest: SimulatedGuest;
  /** Collateral issued at `nowMs` (default: the vendor's), for a host to serve. */
  collateral(nowMs?: number): IntelCollateral;
  /** The certificate that a policy must name to accept this platform. */
  rootPem(): string;
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new AgentRequestError(413, 'request body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(
  guest: SimulatedGuest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = (status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
  try {
    const url = new URL(request.url ?? '/', 'http://dstack');
    const body = await readBody(request);
    reply(200, answerAgentRequest(guest, url, body));
  } catch (error) {
    const status = error instanceof AgentRequestError ? error.status : 500;
    reply(status, JSON.stringify({ error: error instanceof Error ? error.message : 'failed' }));
  }
}

/** True if a process answers on the socket, so that only a dead one's file is removed. */
function isAlive(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('close', () => resolve(false));
    socket.once('error', () => resolve(false));
  });
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Serves the dstack guest agent's HTTP interface on a Unix socket, backed by a simulated guest.
 * `Info` carries `simulated: true`, which no real agent sends.
 */
export async function startSimulatedGuestAgent(
  options: SimulatedGuestAgentOptions,
): Promise<SimulatedGuestAgent> {
  const { socketPath, vendor, appCompose, signal } = options;
  signal.throwIfAborted();
  const guest = createSimulatedGuest({ vendor, appCompose, random: options.random ?? systemRandom });
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    void answer(guest, request, response);
  });
  if (!(await isAlive(socketPath))) await rm(socketPath, { force: true });
  await listen(server, socketPath);
  await chmod(socketPath, 0o600);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  };
  signal.addEventListener('abort', () => void close(), { once: true });
  if (signal.aborted) await close();
  return {
    socketPath,
    guest,
    collateral: (nowMs = vendor.nowMs) => issueSimulatedCollateral(vendor, { nowMs }),
    rootPem: () => simulatedChainPem(vendor, 'root'),
    close,
  };
}
