import type { ChannelView } from '@dcml/chain';
import {
  assertChannelRequest,
  type ChannelConfig,
  type ChannelDigests,
  ChannelLedger,
  type Secp256k1,
  type SignedChannelRequest,
  type SignedCloseApproval,
  signCloseApproval,
  ZERO_ADDRESS,
} from '@dcml/channel';
import type { Address, ChannelId, Clock, ModelHash } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';
import type { HostLedger } from '../host/host-ledger.ts';
import type { ChallengeDesk } from './challenge-desk.ts';
import { ServedChannel } from './served-channel.ts';

export interface ChannelDeskOptions {
  readonly clock: Clock;
  readonly digests: ChannelDigests;
  readonly secp256k1: Secp256k1;
  readonly challenges: ChallengeDesk;
  readonly view: ChannelView;
  readonly host: HostLedger;
  readonly model: ModelHash;
  readonly enclaveKey: Address;
  readonly signWithChainKey: (digest: Uint8Array) => `0x${string}`;
  readonly maxChannels: number;
}

/** Opens, shows and closes the channels of this instance. All state is in memory only, like the keys. */
export class ChannelDesk {
  readonly #options: ChannelDeskOptions;
  readonly #channels = new Map<ChannelId, ServedChannel>();

  constructor(options: ChannelDeskOptions) {
    this.#options = options;
  }

  get openChannels(): readonly ServedChannel[] {
    return [...this.#channels.values()].filter((channel) => channel.approval === null);
  }

  /** Throws `ENCLAVE_CHANNEL_UNKNOWN`. */
  get(id: ChannelId): ServedChannel {
    const channel = this.#channels.get(id);
    if (channel === undefined) {
      throw new EnclaveError('ENCLAVE_CHANNEL_UNKNOWN', 'this instance serves no such channel', {
        details: { channel_id: id },
      });
    }
    return channel;
  }

  /**
   * Serves a channel after the chain shows it open with this enclave's key and an unused challenge of ours (DCML section
   * 6, steps 2-4). The same configuration again is answered with the same channel.
   * Throws `ENCLAVE_CHANNEL_CONFIG`, `ENCLAVE_CHALLENGE`, `ENCLAVE_CHANNEL_NOT_OPEN`.
   */
  async open(config: ChannelConfig, signal: AbortSignal): Promise<ServedChannel> {
    const id = this.#options.digests.channelId(config);
    const known = this.#channels.get(id);
    if (known !== undefined) return known;
    this.#assertForUs(config);
    this.#options.challenges.assertUsable(config.challenge);
    const onChain = await this.#options.view.getChannel(id, signal);
    if (onChain.status !== 'open' || onChain.depositWei === 0n) {
      throw new EnclaveError('ENCLAVE_CHANNEL_NOT_OPEN', `the chain shows the channel as ${onChain.status}`, {
        details: { channel_id: id },
      });
    }
    // While the chain was read another request may have opened it: the challenge is taken once.
    const raced = this.#channels.get(id);
    if (raced !== undefined) return raced;
    if (this.#channels.size >= this.#options.maxChannels) {
      throw new EnclaveError('ENCLAVE_STOPPING', 'this instance serves as many channels as it can');
    }
    this.#options.challenges.take(config.challenge);
    const { digests, secp256k1 } = this.#options;
    const channel = new ServedChannel(
      config,
      new ChannelLedger({ config, depositWei: onChain.depositWei, digests, secp256k1 }),
    );
    this.#channels.set(id, channel);
    return channel;
  }

  #assertForUs(config: ChannelConfig): void {
    const fail = (what: string): never => {
      throw new EnclaveError('ENCLAVE_CHANNEL_CONFIG', `the channel's ${what} is not this enclave's`);
    };
    if (config.enclaveKey !== this.#options.enclaveKey) fail('enclave key');
    if (config.model !== this.#options.model) fail('model');
    if (config.token !== ZERO_ADDRESS) fail('token');
  }

  /** Throws `CHANNEL_SIGNATURE` or `CHANNEL_EXPIRED` unless the channel's payer authorizer asks, now. */
  assertRequested(channel: ServedChannel, request: SignedChannelRequest): void {
    const { digests, secp256k1, clock } = this.#options;
    assertChannelRequest(digests, secp256k1, channel.config.payerAuthorizer, request, clock);
  }

  /**
   * Ends a channel: nothing more is served, what is in flight stops and is charged as far as it was delivered, and the
   * approval is stored with the host before anybody gets it. Idempotent: the same approval again.
   * Throws `ENCLAVE_HOST_UNREACHABLE`; the channel then stays closed to work and the call can be repeated.
   */
  async close(channel: ServedChannel, signal: AbortSignal): Promise<SignedCloseApproval> {
    channel.ledger.close();
    channel.closing.abort(new EnclaveError('ENCLAVE_STOPPING', 'the channel is being closed'));
    await channel.idle();
    const { digests, signWithChainKey } = this.#options;
    channel.approval ??= signCloseApproval(digests, signWithChainKey, channel.ledger.approval());
    await this.#options.host.recordApproval(channel.config, channel.approval, signal);
    return channel.approval;
  }

  /**
   * Closes a channel that the payer began to close on chain, for whoever asks (usually the host): DCML section 6, "Bob
   * and Alice are the same entity". Throws `ENCLAVE_CHANNEL_NOT_OPEN` unless the chain shows the close.
   */
  async answerClose(channel: ServedChannel, signal: AbortSignal): Promise<SignedCloseApproval> {
    if (channel.approval === null) {
      const onChain = await this.#options.view.getChannel(
        this.#options.digests.channelId(channel.config),
        signal,
      );
      if (onChain.status !== 'closing') {
        throw new EnclaveError(
          'ENCLAVE_CHANNEL_NOT_OPEN',
          `the chain shows the channel as ${onChain.status}`,
        );
      }
    }
    return this.close(channel, signal);
  }
}
