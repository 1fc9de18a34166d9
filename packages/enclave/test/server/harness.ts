import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { ChannelAction } from '@dcml/channel';
import {
  type ChannelConfig,
  type ChannelDigests,
  type ChannelDomain,
  createChannelDigests,
  decodeChallengeGrant,
  decodeSignedCloseApproval,
  encodeChannelConfig,
  encodeChannelRequest,
  type SignedCloseApproval,
  ZERO_ADDRESS,
} from '@dcml/channel';
import { nativeSecp256k1 } from '@dcml/channel/native';
import {
  asAddress,
  asModelHash,
  type ChannelId,
  encodeUtf8,
  type JsonObject,
  type ModelHash,
  parseJson,
  systemRandom,
} from '@dcml/core';
import { encodePaymentSignature, sealRequest } from '@dcml/transport';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import { createInstance, type Instance } from '../../src/create-instance.ts';
import { listenTls } from '../../src/http/tls-server.ts';
import { createFakeEngine, type FakeEngine } from './fake-engine.ts';
import { createFakeHost, type FakeHost } from './fake-host.ts';

const MODEL: ModelHash = asModelHash(`0x${'ab'.repeat(32)}`);
export const DOMAIN: ChannelDomain = { chainId: 31337, contract: asAddress(`0x${'c0'.repeat(20)}`) };
export const digests: ChannelDigests = createChannelDigests(DOMAIN);
/** One wei per token for the owner, two for the host. */
const PRICE = {
  ownerPromptPerMTok: 1_000_000n,
  ownerCompletionPerMTok: 1_000_000n,
  hostPromptPerMTok: 2_000_000n,
  hostCompletionPerMTok: 2_000_000n,
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The connection broke before the answer was complete. */
  readonly cut: boolean;
}

export interface TestEnclave {
  readonly instance: Instance;
  readonly engine: FakeEngine;
  readonly host: FakeHost;
  readonly stop: AbortController;
  readonly clock: { nowMs: number };
  readonly logLines: string[];
  readonly port: number;
  send(options: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly body?: Uint8Array | string;
    readonly onData?: (part: Buffer) => void;
    readonly signal?: AbortSignal;
  }): Promise<Answer>;
  close(): Promise<void>;
}

/** A whole enclave over real TLS; only the engine, the host and the platform are the test's. */
export async function startTestEnclave(): Promise<TestEnclave> {
  const engine = createFakeEngine();
  const host = createFakeHost();
  const stop = new AbortController();
  const clock = { nowMs: Date.now() };
  const logLines: string[] = [];
  const instance = await createInstance({
    clock: { now: () => clock.nowMs, monotonicMs: () => clock.nowMs },
    random: systemRandom,
    log: (level, event, fields) => logLines.push(JSON.stringify({ level, event, ...fields })),
    source: {
      info: async () => ({ teeType: 'tdx', appCompose: '{}', simulated: true }),
      quote: async () => ({ teeType: 'tdx', evidence: { quote: '00', event_log: '[]' } }),
    },
    platform: { teeType: 'tdx', appCompose: '{}', simulated: true },
    configuration: {
      version: 1,
      chainId: DOMAIN.chainId,
      channelsContract: DOMAIN.contract,
      registryContract: ZERO_ADDRESS,
      models: [MODEL],
      chainView: 'operator_asserted',
      engine: 'llama',
    },
    host,
    engine,
    model: MODEL,
    modelEvent: {
      type: 'dcml.model',
      model: MODEL,
      weights: [],
      tokenizer: null,
      chatTemplate: null,
      configuration: null,
      quantization: null,
      adapter: null,
      engine: 'fake 1',
    },
    keysetLifetimeSeconds: 3600,
    challengeLifetimeSeconds: 600,
    signal: stop.signal,
    stop: stop.signal,
  });
  const { server, port } = await listenTls({
    privateKeyPem: instance.keys.tls.privateKeyPem,
    certificatePem: instance.keys.tls.certificatePem,
    port: 0,
    address: '127.0.0.1',
    handle: instance.handle,
  });
  return {
    instance,
    engine,
    host,
    stop,
    clock,
    logLines,
    port,
    send: (options) => exchange(port, options),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function exchange(port: number, options: Parameters<TestEnclave['send']>[0]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path: options.path,
        method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
        headers: options.headers ?? {},
        rejectUnauthorized: false,
        agent: false,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (incoming) => {
        const parts: Buffer[] = [];
        const done = (cut: boolean): void =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(parts),
            cut,
          });
        incoming.on('data', (part: Buffer) => {
          parts.push(part);
          options.onData?.(part);
        });
        incoming.on('end', () => done(!incoming.complete));
        incoming.on('error', () => done(true));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

/** A payer with an open channel on a test enclave. */
export class TestPayer {
  readonly enclave: TestEnclave;
  readonly key: Uint8Array;
  readonly config: ChannelConfig;

  private constructor(enclave: TestEnclave, key: Uint8Array, config: ChannelConfig) {
    this.enclave = enclave;
    this.key = key;
    this.config = config;
  }

  static async open(enclave: TestEnclave, change: Partial<ChannelConfig> = {}): Promise<TestPayer> {
    const key = systemRandom.bytes(32);
    const answer = await enclave.send({ path: '/v1/dcml/challenges', body: '{}' });
    const grant = decodeChallengeGrant(parseJson(answer.body.toString()));
    const account = nativeSecp256k1.addressOf(key);
    const payer = new TestPayer(enclave, key, {
      payer: account,
      payerAuthorizer: account,
      host: asAddress(`0x${'b0'.repeat(20)}`),
      owner: asAddress(`0x${'a0'.repeat(20)}`),
      model: MODEL,
      token: ZERO_ADDRESS,
      enclaveKey: grant.enclaveKey,
      challenge: grant.challenge,
      price: PRICE,
      closeWindowSeconds: 3600,
      ...change,
    });
    return payer;
  }

  get channelId(): ChannelId {
    return digests.channelId(this.config);
  }

  register(): Promise<Answer> {
    const body = JSON.stringify({ config: encodeChannelConfig(this.config) });
    return this.enclave.send({ path: '/v1/dcml/channels', body });
  }

  voucher(
    maxClaimableWei: bigint,
    domain: ChannelDomain = DOMAIN,
    channelId: ChannelId = this.channelId,
    key: Uint8Array = this.key,
  ): string {
    const digest = createChannelDigests(domain).voucher({ channelId, maxClaimableWei });
    return encodePaymentSignature({
      terms: {
        chainId: domain.chainId,
        amountWei: maxClaimableWei,
        asset: ZERO_ADDRESS,
        payTo: domain.contract,
        maxTimeoutSeconds: 60,
      },
      channelId: this.channelId,
      maxClaimableWei,
      signature: nativeSecp256k1.sign(digest, key),
    });
  }

  chat(
    body: JsonObject,
    payment: string | null,
    more: { readonly onData?: (part: Buffer) => void; readonly signal?: AbortSignal } = {},
  ): Promise<Answer> {
    return this.enclave.send({
      path: '/v1/chat/completions',
      headers: payment === null ? {} : { 'PAYMENT-SIGNATURE': payment },
      body: JSON.stringify({ model: 'fake-model', messages: [], ...body }),
      ...more,
    });
  }

  request(action: ChannelAction, key: Uint8Array = this.key): Promise<Answer> {
    const expiresAt = Math.floor(this.enclave.clock.nowMs / 1000) + 60;
    const unsigned = { channelId: this.channelId, action, expiresAt };
    const signature = nativeSecp256k1.sign(digests.channelRequest(unsigned), key);
    return this.enclave.send({
      path: `/v1/dcml/channels/${this.channelId}/${action}`,
      body: JSON.stringify(encodeChannelRequest({ ...unsigned, signature })),
    });
  }

  async closed(): Promise<SignedCloseApproval> {
    return decodeSignedCloseApproval(parseJson((await this.request('close')).body.toString()));
  }
}

export async function openPaidChannel(enclave: TestEnclave): Promise<TestPayer> {
  const payer = await TestPayer.open(enclave);
  const answer = await payer.register();
  if (answer.status !== 200) throw new Error(answer.body.toString());
  return payer;
}

const crypto = createNodeTransportCrypto();

/** A chat request sealed to the enclave's encryption key. */
export function sealChat(enclave: TestEnclave, body: JsonObject): ReturnType<typeof sealRequest> {
  return sealRequest({
    crypto,
    publicKey: enclave.instance.keys.encryption.publicKey,
    body: encodeUtf8(JSON.stringify({ model: 'fake-model', messages: [], ...body })),
  });
}

export function errorCode(answer: Answer): string {
  const body = JSON.parse(answer.body.toString()) as { error: { code: string } };
  return body.error.code;
}
