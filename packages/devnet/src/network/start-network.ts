import type { IntelPolicy } from '@dcml/attest';
import type { ModelHash } from '@dcml/core';
import { simulatedImage } from '@dcml/testing';
import { writeDurably } from '../chain/durable-file.ts';
import { choosePorts, type WantedPorts } from './choose-ports.ts';
import { lockHome } from './home-lock.ts';
import { type LocalChain, startLocalChain } from './local-chain.ts';
import { networkPaths } from './network-paths.ts';
import { prepareMarket } from './prepare-market.ts';
import { type NetworkInfo, removeRunFile, writeRunFile } from './run-file.ts';
import type { ServicePlan } from './service-settings.ts';
import { ServiceStack } from './service-stack.ts';
import { type SimulatedPlatform, startSimulatedPlatform } from './simulated-platform.ts';
import { type Launcher, startEnclaveService, startHostService, startProxyService } from './start-services.ts';

/** A model file on disk. */
export interface NetworkModel {
  /** The id under which `/v1/models` lists it. */
  readonly name: string;
  readonly path: string;
  readonly hash: ModelHash;
}

/** What a policy that accepts a simulated platform has to name. */
export interface PolicyFacts {
  readonly rootPem: string;
  /** Lowercase hex. */
  readonly composeHash: string;
  /** Firmware and boot registers of the guest image. */
  readonly image: Pick<IntelPolicy, 'mrTds' | 'rtmrs'>;
}

export interface NetworkOptions {
  /** Holds all state: the same directory continues the same network. */
  readonly home: string;
  /** Program and first arguments of the `dcml` command, for the services. */
  readonly dcml: readonly string[];
  /** Finds the model file; called once the home is ours. */
  readonly chooseModel: (signal: AbortSignal) => Promise<NetworkModel>;
  /** The policy file under which the user accepts this network's enclaves. */
  readonly policyFor: (facts: PolicyFacts) => string;
  readonly ports: WantedPorts;
  /** What is done, one line at a time. */
  readonly onProgress: (line: string) => void;
  /** Ends the start when it aborts. */
  readonly signal: AbortSignal;
}

export interface RunningNetwork {
  readonly info: NetworkInfo;
  /** Rejects with `NETWORK_CHILD_DIED` when a part of the network ends by itself. */
  readonly died: Promise<never>;
  /** Stops proxy, enclave, host and chain, in this order. Idempotent. */
  stop(): Promise<void>;
}

/** Prices of the development market, in wei per million tokens. */
const ownerPrice = { promptPerMTok: 10n ** 13n, completionPerMTok: 2n * 10n ** 13n };
const hostPrice = { promptPerMTok: 4n * 10n ** 13n, completionPerMTok: 8n * 10n ** 13n };
const MAX_DEPOSIT_WEI = 10n ** 18n;
const BOND_WEI = 20n * 10n ** 18n;

/** Time for answers in flight, and for approvals to reach the host. */
const GRACE_MS = { proxy: 5_000, enclave: 20_000, host: 15_000 } as const;

async function startPlatform(
  options: NetworkOptions,
  chain: LocalChain,
  model: NetworkModel,
): Promise<SimulatedPlatform> {
  const paths = networkPaths(options.home);
  const platform = await startSimulatedPlatform(
    paths,
    {
      version: 1,
      chainId: chain.chainId,
      channelsContract: chain.contracts.channels,
      registryContract: chain.contracts.registry,
      models: [model.hash],
      chainView: 'operator_asserted',
      engine: 'llama',
    },
    options.signal,
  );
  const { rootPem, composeHash } = platform;
  const policy = options.policyFor({
    rootPem,
    composeHash: composeHash.slice(2),
    image: simulatedImage,
  });
  await writeDurably(paths.policyFile, policy);
  return platform;
}

async function startServices(
  launcher: Launcher,
  chain: LocalChain,
  stack: ServiceStack,
  onProgress: (line: string) => void,
): Promise<NetworkInfo> {
  const { plan } = launcher;
  const { accounts } = chain;
  const host = await startHostService(launcher, accounts.host.privateKey);
  stack.add(() => host.stop(GRACE_MS.host), host.died);
  onProgress(`host     ${plan.hostUrl}`);
  const enclave = await startEnclaveService(launcher);
  stack.add(() => enclave.stop(GRACE_MS.enclave), enclave.died);
  onProgress(`enclave  serves ${plan.model.name} (SIMULATED)`);
  const { child: proxy, ...found } = await startProxyService(launcher, accounts.user.privateKey);
  stack.add(() => proxy.stop(GRACE_MS.proxy), proxy.died);
  return {
    pid: process.pid,
    home: plan.paths.home,
    proxyUrl: `http://127.0.0.1:${plan.ports.proxy}/v1`,
    ...found,
    chainRpc: chain.rpcUrl,
    chainId: chain.chainId,
    hostUrl: plan.hostUrl,
    contracts: chain.contracts,
    model: { name: plan.model.name, hash: plan.model.hash },
    pids: { chain: chain.pid, host: host.pid, enclave: enclave.pid, proxy: proxy.pid },
  };
}

async function compose(options: NetworkOptions, stack: ServiceStack): Promise<NetworkInfo> {
  const { home, signal, onProgress } = options;
  const paths = networkPaths(home);
  const lock = lockHome(home);
  stack.add(async () => lock.release());
  const ports = await choosePorts(home, options.ports);
  const model = await options.chooseModel(signal);
  onProgress(`model    ${model.name}  ${model.hash}`);
  const chain = await startLocalChain(paths.chainDirectory, ports.chain, signal);
  stack.add(() => chain.close(), chain.died);
  onProgress(`chain    ${chain.rpcUrl}`);
  const platform = await startPlatform(options, chain, model);
  stack.add(() => platform.close());
  const hostUrl = `http://127.0.0.1:${ports.host}`;
  const { composeHash, guestAgentSocket, collateralFile } = platform;
  const prices = { ownerPrice, hostPrice, bondWei: BOND_WEI };
  const market = { model: model.hash, composeHash, endpoint: hostUrl, ...prices };
  await stack.whileAlive(prepareMarket(chain, market, signal));
  const { chainId, contracts, rpcUrl: chainRpc } = chain;
  const plan: ServicePlan = {
    ...{ paths, ports, chainId, chainRpc, contracts, model, hostUrl, hostPrice },
    ...{ guestAgentSocket, collateralFile, maxDepositWei: MAX_DEPOSIT_WEI },
  };
  const launcher: Launcher = { dcml: options.dcml, plan, signal: AbortSignal.any([signal, stack.signal]) };
  const info = await stack.whileAlive(startServices(launcher, chain, stack, onProgress));
  writeRunFile(paths.runFile, info);
  stack.add(async () => removeRunFile(paths.runFile));
  return info;
}

/**
 * Starts a whole network in one home directory: chain, contracts, creator, host, simulated TEE, enclave and the user's
 * proxy. When a step fails, all that was started is stopped again. Throws `NETWORK_*`, `DEVNET_*`, `EVM_*`, what
 * `chooseModel` throws, and the signal's reason.
 */
export async function startNetwork(options: NetworkOptions): Promise<RunningNetwork> {
  options.signal.throwIfAborted();
  const stack = new ServiceStack();
  try {
    const info = await compose(options, stack);
    return { info, died: stack.died, stop: () => stack.stop() };
  } catch (error) {
    await stack.stop().catch(() => {});
    throw error;
  }
}
