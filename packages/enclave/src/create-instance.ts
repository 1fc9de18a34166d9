import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRpcChannelView } from '@dcml/chain';
import { createChannelDigests } from '@dcml/channel';
import { nativeSecp256k1 as secp256k1 } from '@dcml/channel/native';
import { type Clock, type DigestText, type ModelHash, type Random, toHex } from '@dcml/core';
import { keysetDigest, type MeasuredConfiguration, type ModelEvent } from '@dcml/receipt';
import { createReplayGuard } from '@dcml/transport';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import { ChallengeDesk } from './channels/challenge-desk.ts';
import { ChannelDesk } from './channels/channel-desk.ts';
import type { Engine } from './engine/engine.ts';
import type { EvidenceSource, PlatformInfo } from './evidence/evidence-source.ts';
import type { HostLedger } from './host/host-ledger.ts';
import { createListener } from './http/listener.ts';
import { createRouter } from './http/router.ts';
import { Cashier } from './inference/payment.ts';
import { createInferenceHandler } from './inference/serve-inference.ts';
import { createInstanceKeys, type InstanceKeys } from './keys/instance-keys.ts';
import type { Log } from './log.ts';
import { ReceiptBook } from './receipts/receipt-book.ts';
import { ReceiptDesk } from './receipts/receipt-desk.ts';
import { bindKeysetToDevices } from './report/bound-keyset.ts';
import { describeKeys, RECEIPT_KEY_ID, ReportDesk } from './report/report-desk.ts';
import { createRoutes } from './routes.ts';

const MAX_CHALLENGES = 10_000;
const MAX_CHANNELS = 100_000;
const MAX_RECEIPTS = 20_000;
// 64 MB, for the whole life of a keyset.
const MAX_SEALED_REQUESTS = 2_000_000;

export interface InstanceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly source: EvidenceSource;
  readonly platform: PlatformInfo;
  readonly configuration: MeasuredConfiguration;
  readonly host: HostLedger;
  readonly engine: Engine;
  readonly model: ModelHash;
  /** What receipts say of the model. */
  readonly modelEvent: ModelEvent;
  readonly keysetLifetimeSeconds: number;
  readonly challengeLifetimeSeconds: number;
  /** Ends the start when it aborts. */
  readonly signal: AbortSignal;
  /** Aborts when the enclave stops. */
  readonly stop: AbortSignal;
}

/** One instance: fresh keys, and the handler of every request to it. */
export interface Instance {
  readonly keys: InstanceKeys;
  readonly keysetDigest: DigestText;
  /** 32 bytes, lowercase hex: another number at every boot. */
  readonly bootId: string;
  readonly desk: ChannelDesk;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Makes the instance's keys, binds its devices to them and wires its desks together; nothing listens yet. */
export async function createInstance(parts: InstanceParts): Promise<Instance> {
  const { clock, random, log, host, engine, stop, configuration, model } = parts;
  const lifetimeSeconds = parts.keysetLifetimeSeconds;
  const transportCrypto = createNodeTransportCrypto();
  const nowMs = clock.now();
  const keys = await createInstanceKeys({ random, nowMs, lifetimeSeconds, secp256k1, transportCrypto });
  const ownKeys = describeKeys(keys, Math.floor(nowMs / 1000) + lifetimeSeconds);
  const { keyset, devices } = await bindKeysetToDevices(ownKeys, parts.source, parts.signal);
  const digest = keysetDigest(keyset);
  const bootId = toHex(random.bytes(32));
  const domain = { chainId: configuration.chainId, contract: configuration.channelsContract };
  const challenges = new ChallengeDesk({
    clock,
    random,
    lifetimeSeconds: parts.challengeLifetimeSeconds,
    capacity: MAX_CHALLENGES,
  });
  const desk = new ChannelDesk({
    clock,
    digests: createChannelDigests(domain),
    secp256k1,
    challenges,
    view: createRpcChannelView({ fetchRpc: host.rpc, contract: domain.contract }),
    host,
    model,
    enclaveKey: keys.chain.address,
    signWithChainKey: keys.chain.sign,
    maxChannels: MAX_CHANNELS,
  });
  const book = new ReceiptBook(MAX_RECEIPTS);
  const receipts = new ReceiptDesk({
    clock,
    domain,
    keysetDigest: digest,
    keyId: RECEIPT_KEY_ID,
    sign: keys.receipt.sign,
    model: parts.modelEvent,
    bootId,
    teeType: parts.platform.teeType,
    simulated: parts.platform.simulated,
    book,
  });
  const headers = { 'X-ACI-Version': 'aci/1', 'X-ACI-Keyset-Digest': digest };
  const serveInference = createInferenceHandler({
    engine,
    cashier: new Cashier({ domain, desk, host }),
    receipts,
    modelNames: [engine.describe().modelName, model],
    clock,
    random,
    headers,
    log,
  });
  const routes = createRoutes({
    headers,
    keys,
    notAfterSeconds: keyset.notAfter,
    clock,
    reports: new ReportDesk({ keyset, devices, source: parts.source, appCompose: parts.platform.appCompose }),
    challenges,
    desk,
    book,
    engine,
    model,
    stopping: stop,
    serveInference,
  });
  const replayGuard = createReplayGuard({
    capacity: MAX_SEALED_REQUESTS,
    ttlMs: lifetimeSeconds * 1000,
    clock,
  });
  const handle = createListener({
    keys: { crypto: transportCrypto, key: keys.encryption, replayGuard },
    router: createRouter(routes),
    headers,
    stop,
    random,
    log,
  });
  return { keys, keysetDigest: digest, bootId, desk, handle };
}
