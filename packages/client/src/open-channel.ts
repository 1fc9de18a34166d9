import {
  assertOffer,
  type ChannelConfig,
  createChannelDigests,
  newPayerState,
  type PriceTerms,
  ZERO_ADDRESS,
} from '@dcml/channel';
import { type ModelHash, toPrefixedHex } from '@dcml/core';
import { type DcmlChain, openChannel as depositOnChain, getModel } from '@dcml/evm';
import { ClientError } from './client-error.ts';
import type { ChannelRecord, ClientStore } from './client-store.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import { presentChannel, requestChallenge } from './enclave-calls.ts';
import { requestOffer } from './host-calls.ts';
import type { ClientPlatform } from './platform.ts';

export interface ChannelPorts {
  readonly store: ClientStore;
  /** Its account is the payer. */
  readonly chain: DcmlChain;
  readonly platform: ClientPlatform;
}

export interface OpenChannelOptions {
  readonly model: ModelHash;
  readonly depositWei: bigint;
  /** A host that asks more for any of the four is refused. */
  readonly maxPrice?: PriceTerms;
}

function assertWithin(price: PriceTerms, most: PriceTerms): void {
  const names = [
    'ownerPromptPerMTok',
    'ownerCompletionPerMTok',
    'hostPromptPerMTok',
    'hostCompletionPerMTok',
  ] as const;
  for (const name of names) {
    if (price[name] > most[name]) {
      throw new ClientError('CLIENT_NO_OFFER', `${name} is ${price[name]}, your limit is ${most[name]}`);
    }
  }
}

/** The configuration of a new channel with this enclave, from what the chain and the host say. */
async function makeConfig(
  ports: ChannelPorts,
  connection: EnclaveConnection,
  options: OpenChannelOptions,
  session: Pick<ChannelConfig, 'payer' | 'payerAuthorizer'>,
  signal: AbortSignal,
): Promise<ChannelConfig> {
  const { chain } = ports;
  const { host, established } = connection;
  const { chainId, channelsContract } = established.configuration;
  if (chainId !== chain.chainId || channelsContract !== chain.contracts.channels) {
    throw new ClientError(
      'CLIENT_VERDICT',
      `the enclave is measured for chain ${chainId}, contract ${channelsContract}`,
    );
  }
  const offer = host.offers.find((entry) => entry.model === options.model);
  if (offer === undefined)
    throw new ClientError('CLIENT_NO_OFFER', `the host does not offer ${options.model}`);
  if (options.depositWei > offer.maxDepositWei) {
    throw new ClientError('CLIENT_NO_OFFER', `the host takes deposits up to ${offer.maxDepositWei} wei`);
  }
  if (options.maxPrice !== undefined) assertWithin(offer.price, options.maxPrice);
  const registered = await getModel(chain, options.model, { signal });
  const grant = await requestChallenge(connection, signal);
  if (grant.enclaveKey !== connection.enclaveKey) {
    throw new ClientError(
      'CLIENT_ENCLAVE_ANSWER',
      'the challenge names another key than the attested keyset',
    );
  }
  return {
    ...session,
    host: host.host,
    owner: registered.owner,
    model: options.model,
    token: ZERO_ADDRESS,
    enclaveKey: connection.enclaveKey,
    challenge: grant.challenge,
    price: offer.price,
    closeWindowSeconds: host.closeWindowSeconds,
  };
}

/** Asks the host to back the channel with its bond, and stores what it signed. */
async function obtainOffer(
  ports: ChannelPorts,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  const { platform, store } = ports;
  const request = { config: record.config, depositWei: record.depositWei };
  const offer = await requestOffer(platform, record.hostUrl, request, signal);
  try {
    assertOffer(
      createChannelDigests(record.domain),
      platform.secp256k1,
      record.config,
      offer,
      platform.clock,
    );
    if (offer.maxDepositWei < record.depositWei) throw new Error('the offer is for less than the deposit');
  } catch (cause) {
    throw new ClientError('CLIENT_HOST_ANSWER', "the host's offer is not valid for this channel", { cause });
  }
  // From here on the deposit may reach the chain: what spends and closes the channel is on disk before.
  return store.updateChannel(record.channelId, { offer, phase: 'depositing' });
}

/** Sends the deposit. Sending it again is safe: the contract takes a challenge once. Throws `EvmError`. */
export async function sendDeposit(
  ports: ChannelPorts,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  const { config, depositWei, offer } = record;
  if (offer === null) throw new ClientError('CLIENT_INTERNAL', 'a deposit without an offer');
  const { transaction } = await depositOnChain(ports.chain, { config, depositWei, offer }, { signal });
  const change = { phase: 'deposited', openTransaction: transaction.hash } as const;
  return ports.store.updateChannel(record.channelId, change);
}

/** Has the enclave serve a channel whose deposit is on chain. Idempotent. */
export async function activateChannel(
  ports: ChannelPorts,
  connection: EnclaveConnection,
  record: ChannelRecord,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  const status = await presentChannel(connection, record.config, signal);
  if (status.channelId !== record.channelId || status.depositWei !== record.depositWei) {
    throw new ClientError(
      'CLIENT_ENCLAVE_ANSWER',
      'the enclave serves another channel or deposit than the one opened',
    );
  }
  return ports.store.updateChannel(record.channelId, { phase: 'open' });
}

/**
 * Opens a channel: challenge, host's offer, deposit, enclave. Every step is stored before the next, so that stopping
 * anywhere loses nothing: `resumeChannel` goes on from the stored phase and the chain.
 * Throws `CLIENT_*`, `EvmError`.
 */
export async function openChannel(
  ports: ChannelPorts,
  connection: EnclaveConnection,
  options: OpenChannelOptions,
  signal: AbortSignal,
): Promise<ChannelRecord> {
  const { chain, platform, store } = ports;
  if (chain.address === null)
    throw new ClientError('CLIENT_CONFIG', 'the chain client has no account to pay from');
  if (options.depositWei <= 0n) throw new ClientError('CLIENT_CONFIG', 'the deposit must be positive');
  const secret = platform.random.bytes(32);
  const session = { payer: chain.address, payerAuthorizer: platform.secp256k1.addressOf(secret) };
  const config = await makeConfig(ports, connection, options, session, signal);
  const domain = { chainId: chain.chainId, contract: chain.contracts.channels };
  const record: ChannelRecord = {
    channelId: createChannelDigests(domain).channelId(config),
    domain,
    config,
    sessionKey: toPrefixedHex(secret),
    depositWei: options.depositWei,
    hostUrl: connection.hostUrl,
    enclaveUrl: connection.enclaveUrl,
    phase: 'prepared',
    offer: null,
    openTransaction: null,
    approval: null,
    closeTransaction: null,
    closesAt: 0,
    createdAt: Math.floor(platform.clock.now() / 1000),
  };
  await store.createChannel(record, newPayerState(record.channelId, record.depositWei));
  const offered = await obtainOffer(ports, record, signal);
  const deposited = await sendDeposit(ports, offered, signal);
  return activateChannel(ports, connection, deposited, signal);
}
