import {
  type ChannelConfig,
  decodeOfferRequest,
  encodePriceTerms,
  encodeSignedCloseApproval,
  encodeSignedOffer,
  newPayerState,
  type PriceTerms,
  type SignedCloseApproval,
  signOffer,
  ZERO_ADDRESS,
} from '@dcml/channel';
import { nativeSecp256k1 as secp } from '@dcml/channel/native';
import {
  type Address,
  asAddress,
  asChallenge,
  asModelHash,
  canonicalizeJson,
  type JsonValue,
  type ModelHash,
  parseJson,
  systemRandom,
  toPrefixedHex,
} from '@dcml/core';
import { encodeCollateral } from '@dcml/receipt';
import { issueSimulatedCollateral } from '@dcml/testing';
import type { ChannelRecord, ClientStore } from '../src/client-store.ts';
import { connectEnclave, type EnclaveConnection } from '../src/connect-enclave.ts';
import { createNodePlatform } from '../src/node/node-platform.ts';
import type { ClientPlatform } from '../src/platform.ts';
import { FakeEnclave, simulatedVendor, simulationPolicy } from './fake-enclave.ts';

export const model: ModelHash = asModelHash(`0x${'ab'.repeat(32)}`);
export const price: PriceTerms = {
  ownerPromptPerMTok: 2_000_000n,
  ownerCompletionPerMTok: 6_000_000n,
  hostPromptPerMTok: 1_000_000n,
  hostCompletionPerMTok: 3_000_000n,
};
export const HOST_URL = 'http://host.test';
export const ENCLAVE_URL = 'https://enclave.test';

export interface FakeNetworkOptions {
  readonly chainId?: number;
  readonly channels?: Address;
  readonly registry?: Address;
  readonly hostKey?: Uint8Array;
}

export function urlOf(input: Parameters<typeof fetch>[0]): string {
  return input instanceof Request ? input.url : input.toString();
}

/** A host's HTTP surface and its enclave, in this process. `restart` replaces the enclave by a new instance. */
export class FakeNetwork {
  readonly options: Required<FakeNetworkOptions>;
  enclave: FakeEnclave;
  readonly approvals: Map<string, SignedCloseApproval> = new Map();
  hostDown: boolean = false;
  enclaveDown: boolean = false;
  readonly platform: ClientPlatform;

  private constructor(options: Required<FakeNetworkOptions>, enclave: FakeEnclave) {
    this.options = options;
    this.enclave = enclave;
    this.platform = {
      ...createNodePlatform(),
      fetch: (input, init) => this.#host(urlOf(input), init),
      openTransport: ({ pins }) => ({
        send: async (request) => {
          const { ClientError } = await import('../src/client-error.ts');
          if (this.enclaveDown) throw new ClientError('CLIENT_CONNECT', 'the enclave is down');
          // As the pinned transport does: nothing is sent to another key.
          if (pins !== null && !pins.includes(this.enclave.spki))
            throw new ClientError('CLIENT_PIN', 'another key');
          return this.enclave.transport().send(request);
        },
        close: () => {},
      }),
    };
  }

  static async start(given: FakeNetworkOptions = {}): Promise<FakeNetwork> {
    const options = {
      chainId: 31337,
      channels: asAddress(`0x${'c0'.repeat(20)}`),
      registry: asAddress(`0x${'c1'.repeat(20)}`),
      hostKey: systemRandom.bytes(32),
      ...given,
    };
    return new FakeNetwork(options, await FakeEnclave.create({ ...options, model }));
  }

  async restart(): Promise<void> {
    this.enclave = await FakeEnclave.create({ ...this.options, model });
  }

  connect(): Promise<EnclaveConnection> {
    return connectEnclave({
      hostUrl: HOST_URL,
      model,
      policy: simulationPolicy,
      platform: this.platform,
      signal: AbortSignal.timeout(20_000),
    });
  }

  /** A channel that the enclave serves and the store knows, without a chain. */
  async openChannel(store: ClientStore, depositWei: bigint): Promise<ChannelRecord> {
    const sessionKey = systemRandom.bytes(32);
    const config: ChannelConfig = {
      payer: secp.addressOf(systemRandom.bytes(32)),
      payerAuthorizer: secp.addressOf(sessionKey),
      host: secp.addressOf(this.options.hostKey),
      owner: asAddress(`0x${'0a'.repeat(20)}`),
      model,
      token: ZERO_ADDRESS,
      enclaveKey: this.enclave.address,
      challenge: asChallenge(toPrefixedHex(systemRandom.bytes(32))),
      price,
      closeWindowSeconds: 3600,
    };
    this.enclave.serve(config, depositWei);
    const record: ChannelRecord = {
      channelId: this.enclave.digests.channelId(config),
      domain: { chainId: this.options.chainId, contract: this.options.channels },
      config,
      sessionKey: toPrefixedHex(sessionKey),
      depositWei,
      hostUrl: HOST_URL,
      enclaveUrl: ENCLAVE_URL,
      phase: 'open',
      offer: null,
      openTransaction: null,
      approval: null,
      closeTransaction: null,
      closesAt: 0,
      createdAt: 1_800_000_000,
    };
    await store.createChannel(record, newPayerState(record.channelId, depositWei));
    return record;
  }

  async #host(url: string, init?: RequestInit): Promise<Response> {
    if (this.hostDown) throw new TypeError('fetch failed');
    const path = url.slice(HOST_URL.length);
    const json = (value: JsonValue, status = 200): Response =>
      new Response(canonicalizeJson(value), { status });
    if (path === '/v1/host') return json(this.#description());
    if (path === '/v1/host/collateral')
      return json(encodeCollateral(issueSimulatedCollateral(simulatedVendor)));
    if (path === '/v1/host/offers') {
      const { config, depositWei } = decodeOfferRequest(
        parseJson(typeof init?.body === 'string' ? init.body : ''),
      );
      const offer = {
        channelId: this.enclave.digests.channelId(config),
        maxDepositWei: depositWei,
        expiresAt: Math.floor(Date.now() / 1000) + 300,
      };
      return json(encodeSignedOffer(signOffer(this.enclave.digests, secp, this.options.hostKey, offer)));
    }
    const id = /^\/v1\/host\/channels\/(0x[0-9a-f]{64})\/approval$/.exec(path)?.[1];
    const approval = id === undefined ? undefined : this.approvals.get(id);
    return approval === undefined ? json({ error: {} }, 404) : json(encodeSignedCloseApproval(approval));
  }

  #description(): JsonValue {
    return {
      host: secp.addressOf(this.options.hostKey),
      chain_id: this.options.chainId,
      channels_contract: this.options.channels,
      registry_contract: this.options.registry,
      enclaves: [{ url: ENCLAVE_URL, models: [model] }],
      close_window_seconds: 3600,
      offers: [{ model, price: encodePriceTerms(price), max_deposit: (10n ** 18n).toString() }],
    };
  }
}
