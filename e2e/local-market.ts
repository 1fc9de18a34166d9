import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvidencePolicy } from '@dcml/attest';
import { defaultPolicy } from '@dcml/attest';
import { nativeSecp256k1 } from '@dcml/channel/native';
import {
  fromHex,
  fromPrefixedHex,
  type ModelHash,
  systemClock,
  systemRandom,
  toPrefixedHex,
} from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { type EnclaveSettings, type RunningEnclave, startEnclave } from '@dcml/enclave';
import { depositBond, registerHost, registerModel } from '@dcml/evm';
import { createHostChain, type RunningHost, silentLog, startHost } from '@dcml/host';
import { hashModel } from '@dcml/model/node';
import { encodeCollateral, encodeMeasuredConfiguration } from '@dcml/receipt';
import { createSimulatedVendor, startSimulatedGuestAgent, withSimulatedImage } from '@dcml/testing';

const TINY_MODEL: string = join(import.meta.dirname, '../models/tiny/model.gguf');
const ONE = 10n ** 18n;

/** Wei per token: one and two for the owner, three and four for the host. */
export const OWNER_PRICE = { promptPerMTok: 1_000_000n, completionPerMTok: 2_000_000n };
export const HOST_PRICE = { promptPerMTok: 3_000_000n, completionPerMTok: 4_000_000n };

/** A whole market in one process: chain, creator, host, enclave; only the TEE is simulated. */
export interface LocalMarket {
  readonly chain: TestChain;
  readonly model: ModelHash;
  readonly host: RunningHost;
  /** Accepts the simulated root and this market's compose, and is otherwise as strict as the default. */
  readonly policy: EvidencePolicy;
  readonly directory: string;
  enclave: RunningEnclave;
  /** A new instance behind the same host, as after a restart. */
  restartEnclave(): Promise<void>;
  close(): Promise<void>;
}

export interface LocalMarketOptions {
  readonly modelPath?: string;
  readonly modelName?: string;
  readonly maxSequences?: number;
}

export async function startLocalMarket(options: LocalMarketOptions = {}): Promise<LocalMarket> {
  const opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'dcml-market-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const stop = new AbortController();
  const chain = await startTestChain();
  opened.defer(() => chain.close());
  const modelPath = options.modelPath ?? TINY_MODEL;
  const { modelHash } = await hashModel(modelPath);
  const guestAgentSocket = join(directory, 'agent.sock');
  const ledgerSocket = join(directory, 'ledger.sock');
  const agent = await startSimulatedGuestAgent({
    socketPath: guestAgentSocket,
    vendor: createSimulatedVendor({ random: systemRandom, nowMs: systemClock.now() }),
    appCompose: JSON.stringify({
      manifest_version: 2,
      name: 'dcml-enclave',
      runner: 'docker-compose',
      dcml: encodeMeasuredConfiguration({
        version: 1,
        chainId: chain.chainId,
        channelsContract: chain.contracts.channels,
        registryContract: chain.contracts.registry,
        models: [modelHash],
        chainView: 'operator_asserted',
        engine: 'llama',
      }),
    }),
    signal: stop.signal,
  });
  opened.defer(() => agent.close());
  const composeHash = toPrefixedHex(fromHex(agent.guest.composeHash));
  const creator = chain.as('owner');
  await registerModel(creator, {
    model: modelHash,
    price: OWNER_PRICE,
    composeHashes: [composeHash],
    uri: '',
  });

  const target = { host: '127.0.0.1', port: 0 };
  const host = await startHost(
    {
      storePath: join(directory, 'host.sqlite'),
      rpcUrl: chain.rpcUrl,
      hostPrivateKey: fromPrefixedHex(chain.accounts.host.privateKey),
      models: [
        {
          model: modelHash,
          hostPromptPerMTok: HOST_PRICE.promptPerMTok,
          hostCompletionPerMTok: HOST_PRICE.completionPerMTok,
          maxDepositWei: ONE,
        },
      ],
      closeWindowSeconds: 3600,
      offerLifetimeSeconds: 60,
      listen: { host: '127.0.0.1', port: 0 },
      ledgerSocket,
      relay: { listen: { host: '127.0.0.1', port: 0 }, target },
      watch: { fromBlock: 0n, pollMs: 100 },
      collateral: async () => encodeCollateral(agent.collateral(systemClock.now())),
    },
    {
      chain: createHostChain(chain.as('host')),
      secp: nativeSecp256k1,
      clock: systemClock,
      log: silentLog,
      signal: stop.signal,
    },
  );
  opened.defer(() => host.close());
  await registerHost(chain.as('host'), { model: modelHash, price: HOST_PRICE, endpoint: host.url });
  await depositBond(chain.as('host'), 10n * ONE);

  const settings: EnclaveSettings = {
    address: '127.0.0.1',
    port: 0,
    guestAgentSocket,
    ledgerSocket,
    modelPath,
    modelName: options.modelName ?? 'tiny',
    engine: {
      kind: 'llama',
      contextTokens: null,
      maxSequences: options.maxSequences ?? 4,
      threads: 1,
      gpu: false,
    },
    keysetLifetimeSeconds: 86_400,
    challengeLifetimeSeconds: 600,
  };
  const boot = async (): Promise<RunningEnclave> => {
    const enclave = await startEnclave(settings, {
      clock: systemClock,
      random: systemRandom,
      log: () => {},
      signal: stop.signal,
    });
    target.port = enclave.port;
    return enclave;
  };
  const market: LocalMarket = {
    chain,
    model: modelHash,
    host,
    policy: withSimulatedImage({
      ...defaultPolicy,
      roots: [{ name: 'simulated', kind: 'intel', certificatePem: agent.rootPem() }],
      composeHashes: [agent.guest.composeHash],
    }),
    directory,
    enclave: await boot(),
    restartEnclave: async () => {
      await market.enclave.close();
      market.enclave = await boot();
    },
    close: async () => {
      await market.enclave.close();
      stop.abort();
      await opened.disposeAsync();
    },
  };
  return market;
}
