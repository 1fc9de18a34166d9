import type { Clock, DigestText, ModelHash, Random } from '@dcml/core';
import { type MeasuredConfiguration, parseMeasuredConfiguration } from '@dcml/receipt';
import { createInstance } from './create-instance.ts';
import { startEngine } from './engine/start-engine.ts';
import { linuxPaths, openEvidenceSource } from './evidence/open-evidence-source.ts';
import { createHostLedger } from './host/host-ledger.ts';
import { listenTls } from './http/tls-server.ts';
import type { Log } from './log.ts';
import { loadMeasuredModel } from './model/measured-model.ts';
import { type EnclaveSettings, platformOf } from './settings.ts';
import { stopEnclave } from './stop-enclave.ts';

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
 * the host, and serves. Throws `ENCLAVE_PLATFORM`, `ENCLAVE_MODEL_MISMATCH`, `ENCLAVE_CONFIG`,
 * `ENCLAVE_HOST_UNREACHABLE`, `EngineError`, `ModelError`, `RECEIPT_CONFIGURATION`.
 */
export async function startEnclave(settings: EnclaveSettings, ports: EnclavePorts): Promise<RunningEnclave> {
  const { signal, log } = ports;
  const source = await openEvidenceSource({
    platform: platformOf(settings),
    devices: settings.devices ?? { source: 'none' },
    random: ports.random,
    paths: linuxPaths,
    signal,
  });
  const platform = await source.info(signal);
  const configuration = parseMeasuredConfiguration(platform.appCompose);
  // What was opened is closed again, last first, when a later step fails.
  await using opened = new AsyncDisposableStack();
  const model = await loadMeasuredModel(settings, configuration, ports.random, signal);
  opened.defer(() => model.close());
  const engine = await startEngine(settings, model.path, signal);
  opened.defer(() => engine.close());
  const host = createHostLedger(settings.ledgerSocket);
  opened.defer(() => host.close());
  const stop = new AbortController();
  const instance = await createInstance({
    ...ports,
    source,
    platform,
    configuration,
    host,
    engine,
    model: model.hash,
    modelEvent: { ...model.event, engine: engine.describe().build },
    keysetLifetimeSeconds: settings.keysetLifetimeSeconds,
    challengeLifetimeSeconds: settings.challengeLifetimeSeconds,
    stop: stop.signal,
  });
  const { keys, keysetDigest, bootId, desk } = instance;
  const { server, port } = await listenTls({
    privateKeyPem: keys.tls.privateKeyPem,
    certificatePem: keys.tls.certificatePem,
    port: settings.port,
    address: settings.address,
    handle: instance.handle,
  });
  opened.defer(() => void server.close());
  const tlsSpkiSha256 = keys.tls.spkiSha256Hex;
  await host.register(
    { tlsSpkiSha256, keysetDigest, enclaveKey: keys.chain.address, models: [model.hash], bootId },
    signal,
  );
  log('info', 'enclave serves', {
    port,
    model: model.hash,
    keyset: keysetDigest,
    simulated: platform.simulated,
  });
  const kept = opened.move();
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      try {
        await stopEnclave({ stop, server, desk, log });
      } finally {
        await kept.disposeAsync();
      }
    })();
    return closing;
  };
  return {
    port,
    keysetDigest,
    tlsSpkiSha256,
    model: model.hash,
    configuration,
    simulated: platform.simulated,
    close,
  };
}
