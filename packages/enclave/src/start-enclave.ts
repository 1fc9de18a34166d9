import { createRpcChannelView } from '@dcml/chain';
import { createChannelDigests } from '@dcml/channel';
import { nativeSecp256k1 as secp256k1 } from '@dcml/channel/native';
import { type Clock, type DigestText, type ModelHash, type Random, toHex } from '@dcml/core';
import { keysetDigest, type MeasuredConfiguration, parseMeasuredConfiguration } from '@dcml/receipt';
import { createReplayGuard } from '@dcml/transport';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import { ChallengeDesk } from './channels/challenge-desk.ts';
import { ChannelDesk } from './channels/channel-desk.ts';
import { startEngine } from './engine/start-engine.ts';
import { createDstackEvidenceSource } from './evidence/dstack-guest-agent.ts';
import { createHostLedger } from './host/host-ledger.ts';
import { createListener } from './http/listener.ts';
import { createRouter } from './http/router.ts';
import { listenTls } from './http/tls-server.ts';
import { Cashier } from './inference/payment.ts';
import { createInferenceHandler } from './inference/serve-inference.ts';
import { createInstanceKeys } from './keys/instance-keys.ts';
import type { Log } from './log.ts';
import { loadMeasuredModel } from './model/measured-model.ts';
import { ReceiptBook } from './receipts/receipt-book.ts';
import { ReceiptDesk } from './receipts/receipt-desk.ts';
import { describeKeys, RECEIPT_KEY_ID, ReportDesk } from './report/report-desk.ts';
import { createRoutes } from './routes.ts';
import type { EnclaveSettings } from './settings.ts';
import { stopEnclave } from './stop-enclave.ts';

const MAX_CHALLENGES = 10_000;
const MAX_CHANNELS = 100_000;
const MAX_RECEIPTS = 20_000;
const MAX_SEALED_REQUESTS = 200_000;

export interface EnclavePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ends the start when it aborts. */
  readonly signal: AbortSignal;
}

export interface RunningEnclave {
  readonly port: number;
  readonly keysetDigest: DigestText;
  readonly tlsSpkiSha256: string;
  readonly model: ModelHash;
  readonly configuration: MeasuredConfiguration;
  readonly simulated: boolean;
  /** Stops serving, leaves an approval for every open channel with the host, and frees the model. Idempotent. */
  close(): Promise<void>;
}

/**
 * Boots one enclave instance: asks the platform what was measured, checks the model against it, makes fresh keys, tells
 * the host, and serves. Throws `ENCLAVE_PLATFORM`, `ENCLAVE_MODEL_MISMATCH`, `ENCLAVE_CONFIG`, `ENCLAVE_HOST_UNREACHABLE`.
 */
export async function startEnclave(settings: EnclaveSettings, ports: EnclavePorts): Promise<RunningEnclave> {
  const { clock, random, log, signal } = ports;
  const source = createDstackEvidenceSource(settings.guestAgentSocket);
  const platform = await source.info(signal);
  const configuration = parseMeasuredConfiguration(platform.appCompose);
  const model = await loadMeasuredModel(settings, configuration, random, signal);
  const engine = await startEngine(settings, model.path, signal);
  try {
    const transportCrypto = createNodeTransportCrypto();
    const lifetimeSeconds = settings.keysetLifetimeSeconds;
    const keys = await createInstanceKeys({
      random,
      nowMs: clock.now(),
      lifetimeSeconds,
      secp256k1,
      transportCrypto,
    });
    const keyset = describeKeys(keys, Math.floor(clock.now() / 1000) + lifetimeSeconds);
    const digest = keysetDigest(keyset);
    const bootId = toHex(random.bytes(32));
    const domain = { chainId: configuration.chainId, contract: configuration.channelsContract };
    const digests = createChannelDigests(domain);
    const host = createHostLedger(settings.ledgerSocket);
    const challenges = new ChallengeDesk({
      clock,
      random,
      lifetimeSeconds: settings.challengeLifetimeSeconds,
      capacity: MAX_CHALLENGES,
    });
    const desk = new ChannelDesk({
      clock,
      digests,
      secp256k1,
      challenges,
      view: createRpcChannelView({
        fetchRpc: host.rpc,
        contract: domain.contract,
      }),
      host,
      model: model.hash,
      enclaveKey: keys.chain.address,
      signWithChainKey: keys.chain.sign,
      maxChannels: MAX_CHANNELS,
    });
    const book = new ReceiptBook(MAX_RECEIPTS);
    const headers = { 'X-ACI-Version': 'aci/1', 'X-ACI-Keyset-Digest': digest };
    const stop = new AbortController();
    const routes = createRoutes({
      headers,
      keys,
      notAfterSeconds: keyset.notAfter,
      clock,
      reports: new ReportDesk({ keyset, source, appCompose: platform.appCompose }),
      challenges,
      desk,
      book,
      engine,
      model: model.hash,
      stopping: stop.signal,
      serveInference: createInferenceHandler({
        engine,
        cashier: new Cashier({ domain, desk, host }),
        receipts: new ReceiptDesk({
          clock,
          domain,
          keysetDigest: digest,
          keyId: RECEIPT_KEY_ID,
          sign: keys.receipt.sign,
          model: { ...model.event, engine: engine.describe().build },
          bootId,
          teeType: 'tdx',
          simulated: platform.simulated,
          book,
        }),
        modelNames: [settings.modelName, model.hash],
        clock,
        random,
        headers,
        log,
      }),
    });
    const guard = createReplayGuard({ capacity: MAX_SEALED_REQUESTS, ttlMs: lifetimeSeconds * 1000, clock });
    const { server, port } = await listenTls({
      privateKeyPem: keys.tls.privateKeyPem,
      certificatePem: keys.tls.certificatePem,
      port: settings.port,
      address: settings.address,
      handle: createListener({
        keys: { crypto: transportCrypto, key: keys.encryption, replayGuard: guard },
        router: createRouter(routes),
        headers,
        stop: stop.signal,
        random,
        log,
      }),
    });
    await host.register(
      {
        tlsSpkiSha256: keys.tls.spkiSha256Hex,
        keysetDigest: digest,
        enclaveKey: keys.chain.address,
        models: [model.hash],
        bootId,
      },
      signal,
    );
    log('info', 'enclave serves', { port, model: model.hash, keyset: digest, simulated: platform.simulated });
    let closing: Promise<void> | null = null;
    return {
      port,
      keysetDigest: digest,
      tlsSpkiSha256: keys.tls.spkiSha256Hex,
      model: model.hash,
      configuration,
      simulated: platform.simulated,
      close: () => (closing ??= stopEnclave({ stop, server, desk, host, engine, model, log })),
    };
  } catch (error) {
    await engine.close();
    await model.close();
    throw error;
  }
}
