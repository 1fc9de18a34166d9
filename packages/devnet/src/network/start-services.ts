import { join } from 'node:path';
import { Fields, type JsonObject, systemRandom, toHex } from '@dcml/core';
import { readIfPresent, writeDurably } from '../chain/durable-file.ts';
import { type Child, startChild } from './child.ts';
import { enclaveSettings, hostSettings, type ServicePlan } from './service-settings.ts';

const READY_TIMEOUT_MS = 120_000;

/** How services are started. */
export interface Launcher {
  /** Program and first arguments of the `dcml` command. */
  readonly dcml: readonly string[];
  readonly plan: ServicePlan;
  readonly signal: AbortSignal;
}

function launch({ dcml, plan, signal }: Launcher, name: string, args: readonly string[]): Promise<Child> {
  return startChild({
    name,
    argv: [...dcml, ...args, '--json', '--exit-with-stdin', '--home', plan.paths.home],
    logFile: join(plan.paths.logDirectory, `${name}.log`),
    readyTimeoutMs: READY_TIMEOUT_MS,
    signal,
  });
}

async function writeSettings(file: string, settings: JsonObject): Promise<string> {
  await writeDurably(file, `${JSON.stringify(settings, null, 2)}\n`);
  return file;
}

/** The operator's daemon, with the host's key. */
export async function startHostService(launcher: Launcher, privateKey: string): Promise<Child> {
  const { plan } = launcher;
  const keyFile = join(plan.paths.hostDirectory, 'key');
  await writeDurably(keyFile, privateKey);
  const file = join(plan.paths.hostDirectory, 'host.json');
  const settings = await writeSettings(file, hostSettings(plan, keyFile));
  return launch(launcher, 'host', ['host', 'start', '--host-config', settings]);
}

/** One enclave instance. */
export async function startEnclaveService(launcher: Launcher): Promise<Child> {
  const { plan } = launcher;
  const file = join(plan.paths.enclaveDirectory, 'enclave.json');
  const settings = await writeSettings(file, enclaveSettings(plan));
  return launch(launcher, 'enclave', ['enclave', 'run', '--enclave-config', settings]);
}

export interface ProxyService {
  readonly child: Child;
  readonly apiKey: string;
  readonly verdict: 'pass' | 'fail' | 'unknown';
  readonly simulated: boolean;
}

/** One key per home, so that a program keeps working after a restart. */
async function readOrMakeKey(file: string): Promise<string> {
  const stored = await readIfPresent(file);
  if (stored !== null) return stored.trim();
  const key = `dcml-${toHex(systemRandom.bytes(24))}`;
  await writeDurably(file, key);
  return key;
}

/** The user's verifying proxy, with the user's key and policy; it says what it found when it verified the enclave. */
export async function startProxyService(launcher: Launcher, privateKey: string): Promise<ProxyService> {
  const { paths, ports, chainRpc, contracts, hostUrl, model } = launcher.plan;
  const keyFile = join(paths.clientDirectory, 'key');
  await writeDurably(keyFile, privateKey);
  const apiKeyFile = join(paths.clientDirectory, 'api-key');
  const apiKey = await readOrMakeKey(apiKeyFile);
  const child = await launch(launcher, 'proxy', [
    'proxy',
    ...['--api-key-file', apiKeyFile],
    ...['--port', String(ports.proxy)],
    ...['--host-url', hostUrl],
    ...['--rpc-url', chainRpc],
    ...['--registry', contracts.registry],
    ...['--channels', contracts.channels],
    ...['--model', model.hash],
    ...['--key-file', keyFile],
    ...['--policy', paths.policyFile],
  ]);
  const ready = new Fields(child.ready, 'proxy');
  return {
    child,
    apiKey,
    verdict: ready.oneOf('verdict', ['pass', 'fail', 'unknown']),
    simulated: ready.boolean('simulated'),
  };
}
