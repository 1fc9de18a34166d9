import type { Server } from 'node:http';
import { type ChannelDigests, createChannelDigests, type Secp256k1, signOffer } from '@dcml/channel';
import type { Clock, JsonValue } from '@dcml/core';
import { Counters } from './counters.ts';
import { HostError } from './host-error.ts';
import { closeServer, createJsonServer, type JsonRoute } from './http/json-server.ts';
import { listenTcp, listenUnix } from './http/listen.ts';
import { createLedgerRoutes } from './ledger/ledger-port.ts';
import type { Log } from './log.ts';
import { createPublicRoutes } from './public/public-api.ts';
import type { ServedModel } from './public/served-model.ts';
import { type Relay, startRelay } from './relay/tcp-relay.ts';
import type { HostStore } from './store/host-store.ts';
import { openHostStore } from './store/sqlite-host-store.ts';
import { askEnclaveToApprove } from './watch/ask-enclave.ts';
import { watchChain } from './watch/chain-watcher.ts';
import type { HostChain } from './watch/host-chain.ts';

export interface HostConfig {
  /** The SQLite file; made when absent. */
  readonly storePath: string;
  /** The chain node that the ledger port's reads go to. */
  readonly rpcUrl: string;
  /** 32 bytes: signs offers. The account of `chain.host`. */
  readonly hostPrivateKey: Uint8Array;
  readonly models: readonly ServedModel[];
  readonly closeWindowSeconds: number;
  /** Short, since an offer holds bond back until it is used or over. */
  readonly offerLifetimeSeconds: number;
  readonly listen: { readonly host: string; readonly port: number };
  /** Path of the Unix socket that the enclave talks to. */
  readonly ledgerSocket: string;
  readonly relay: {
    readonly listen: { readonly host: string; readonly port: number };
    /** The enclave's TLS port; read at every connection. */
    readonly target: { readonly host: string; readonly port: number };
    /** What clients are told; by default the relay's own address. */
    readonly publicUrl?: string;
  };
  readonly watch: { readonly fromBlock: bigint; readonly pollMs: number };
  collateral(signal: AbortSignal): Promise<JsonValue | null>;
}

export interface HostPorts {
  readonly chain: HostChain;
  readonly secp: Secp256k1;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborting closes the daemon. */
  readonly signal: AbortSignal;
}

export interface RunningHost {
  readonly url: string;
  readonly relayPort: number;
  counters(): Readonly<Record<string, number>>;
  /** Stops taking work, lets what is in flight end, closes the store. Idempotent. */
  close(): Promise<void>;
}

const GRACE_MS = 5_000;
const BOUNDS = { maxBodyBytes: 65_536, bodyTimeoutMs: 10_000, maxConnections: 512 } as const;

function assertConfig(config: HostConfig, ports: HostPorts): void {
  const account = ports.secp.addressOf(config.hostPrivateKey);
  if (account !== ports.chain.host) {
    throw new HostError(
      'HOST_CONFIG',
      `the key is of ${account}, the chain client acts for ${ports.chain.host}`,
    );
  }
  if (config.closeWindowSeconds <= 0)
    throw new HostError('HOST_CONFIG', 'closeWindowSeconds must be positive');
  if (config.offerLifetimeSeconds <= 0)
    throw new HostError('HOST_CONFIG', 'offerLifetimeSeconds must be positive');
}

interface Parts {
  readonly config: HostConfig;
  readonly ports: HostPorts;
  readonly store: HostStore;
  readonly digests: ChannelDigests;
  readonly counters: Counters;
}

function startEnclaveRelay({ config, ports, counters }: Parts): Promise<Relay> {
  return startRelay({
    listen: config.relay.listen,
    target: config.relay.target,
    maxConnections: 1024,
    connectTimeoutMs: 5_000,
    // Longer than the longest silence of a busy enclave.
    idleTimeoutMs: 15 * 60_000,
    log: ports.log,
    counters,
  });
}

function ledgerRoutes({ config, ports, store, digests, counters }: Parts): readonly JsonRoute[] {
  const rpc = { rpcUrl: config.rpcUrl, timeoutMs: 8_000, maxAnswerBytes: 1 << 20 };
  return createLedgerRoutes({
    store,
    digests,
    secp: ports.secp,
    rpc,
    clock: ports.clock,
    log: ports.log,
    counters,
  });
}

function publicRoutes({ config, ports, store, digests }: Parts, relayPort: number): readonly JsonRoute[] {
  const { secp, chain, clock } = ports;
  return createPublicRoutes({
    store,
    chain,
    digests,
    clock,
    models: config.models,
    closeWindowSeconds: config.closeWindowSeconds,
    offerLifetimeSeconds: config.offerLifetimeSeconds,
    sign: (offer) => signOffer(digests, secp, config.hostPrivateKey, offer),
    enclaveUrl: () => config.relay.publicUrl ?? `https://${config.relay.listen.host}:${relayPort}`,
    collateral: (signal) => config.collateral(signal),
  });
}

function createServers(parts: Parts, relayPort: number): { ledger: Server; api: Server } {
  const { log } = parts.ports;
  const { counters } = parts;
  const ledger = createJsonServer({
    ...BOUNDS,
    name: 'ledger',
    routes: ledgerRoutes(parts),
    cors: false,
    log,
    counters,
  });
  const api = createJsonServer({
    ...BOUNDS,
    name: 'public',
    routes: publicRoutes(parts, relayPort),
    cors: true,
    log,
    counters,
  });
  return { ledger, api };
}

/**
 * Starts the operator's daemon: ledger port, public API, relay and chain watcher. What was started is stopped
 * again when a later part fails. Throws `HOST_CONFIG`, `HOST_PORT_TAKEN`, `HOST_STORE`.
 */
export async function startHost(config: HostConfig, ports: HostPorts): Promise<RunningHost> {
  assertConfig(config, ports);
  const { chain, log } = ports;
  const store = openHostStore(config.storePath);
  const digests = createChannelDigests({ chainId: chain.chainId, contract: chain.channelsContract });
  const parts: Parts = { config, ports, store, digests, counters: new Counters() };
  const cleanups: (() => Promise<void>)[] = [() => store.close()];
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      // Newest first: nobody may still write when the store closes.
      for (const cleanup of cleanups.reverse()) await cleanup();
      log('info', 'host_stopped', parts.counters.snapshot());
    })();
    return closing;
  };
  try {
    const relay = await startEnclaveRelay(parts);
    const { ledger, api } = createServers(parts, relay.port);
    // Closed in this order: relay, API, then the ledger port, since ending answers still write to it.
    await listenUnix(ledger, config.ledgerSocket);
    cleanups.push(() => closeServer(ledger, GRACE_MS));
    const port = await listenTcp(api, config.listen);
    cleanups.push(() => closeServer(api, GRACE_MS));
    cleanups.push(() => relay.close(GRACE_MS));
    const stop = new AbortController();
    const watching = watchChain(
      {
        store,
        chain,
        ...config.watch,
        maxBlocks: 2_000n,
        callTimeoutMs: 30_000,
        askEnclave: (id, signal) => askEnclaveToApprove(config.relay.target, id, signal),
        clock: ports.clock,
        log,
        counters: parts.counters,
      },
      stop.signal,
    );
    cleanups.push(async () => {
      stop.abort();
      await watching;
    });
    ports.signal.addEventListener('abort', () => void close(), { once: true });
    const url = `http://${config.listen.host}:${port}`;
    log('info', 'host_started', { url, relayPort: relay.port, host: chain.host, chainId: chain.chainId });
    return { url, relayPort: relay.port, counters: () => parts.counters.snapshot(), close };
  } catch (error) {
    await close();
    throw error;
  }
}
