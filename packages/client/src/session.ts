import type { EvidencePolicy, Verdict } from '@dcml/attest';
import { chargeOf, type PriceTerms, totalWei } from '@dcml/channel';
import type { ChannelId, ModelHash } from '@dcml/core';
import { EvmError } from '@dcml/evm';
import type { VerifiedAnswer } from './answers.ts';
import { ChannelAccount } from './channel-account.ts';
import { ClientError } from './client-error.ts';
import type { ChannelPhase, ChannelRecord } from './client-store.ts';
import { assertApproval } from './close-channel.ts';
import { type ConnectOptions, connectEnclave, type EnclaveConnection } from './connect-enclave.ts';
import { requestClose, requestStatus } from './enclave-calls.ts';
import { type ChannelPorts, openChannel } from './open-channel.ts';
import { type PayContext, payRequest } from './pay-request.ts';
import { raceAbort } from './race-abort.ts';
import { encodeEvidence } from './receipt-archive.ts';
import { costRequest, type InferenceEndpoint } from './request-cost.ts';
import { resumeChannel } from './resume-channel.ts';
import { refusalCode } from './sealed-exchange.ts';

export interface SessionOptions extends ChannelPorts {
  readonly hostUrl: string;
  readonly enclaveUrl?: string;
  readonly model: ModelHash;
  readonly policy: EvidencePolicy;
  /** Opens a channel when none is usable, at these conditions. Null never spends on its own. */
  readonly autoOpen: { readonly depositWei: bigint; readonly maxPrice?: PriceTerms } | null;
  /** Refuses requests that could cost more. */
  readonly maxWeiPerRequest?: bigint;
  /** For requests that name no limit. Default 1024. */
  readonly defaultMaxTokens?: number;
  /** Keeps prompts and answers with their receipts, so that archives verify completely. Default true. */
  readonly keepBodies?: boolean;
  /** Default 10,000. */
  readonly receiptsToKeep?: number;
}

/** What a user should see at all times. */
export interface SessionStatus {
  readonly outcome: Verdict['outcome'];
  /** The evidence is no hardware vendor's: show `SIMULATED`. */
  readonly simulated: boolean;
  readonly verdict: Verdict;
  readonly verifiedAt: number;
  readonly hostUrl: string;
  readonly enclaveUrl: string;
  readonly model: ModelHash;
  readonly keysetDigest: string;
  readonly channel: {
    readonly channelId: ChannelId;
    readonly phase: ChannelPhase;
    readonly depositWei: bigint;
    readonly authorizedWei: bigint;
    readonly chargedWei: bigint;
    readonly promptTokens: bigint;
    readonly completionTokens: bigint;
  } | null;
}

interface Ready {
  readonly connection: EnclaveConnection;
  readonly evidenceId: string;
  readonly account: ChannelAccount;
}

/** Verifying, opening and depositing together. */
const SHARED_DEADLINE_MS = 180_000;
/** Phases that a session can go on with. */
const RESUMABLE: readonly ChannelPhase[] = ['prepared', 'depositing', 'deposited', 'open'];

const isUsable = (record: ChannelRecord): boolean => record.phase === 'open' && record.approval === null;

/**
 * One user's use of one model at one host: a verified connection and a channel, renewed when the enclave's keys change.
 * Safe for parallel requests.
 */
export class Session {
  readonly options: SessionOptions;
  #connection: Promise<EnclaveConnection>;
  #ready: Promise<Ready> | null = null;
  /** Work that several requests wait for must not end with one of them. */
  readonly #lifetime = new AbortController();
  readonly #connections = new Set<EnclaveConnection>();
  #keysetHint = false;
  #resyncing: Promise<void> | null = null;

  constructor(options: SessionOptions, connection: EnclaveConnection) {
    this.options = options;
    this.#connection = Promise.resolve(connection);
    this.#connections.add(connection);
  }

  /** The verified connection as it is now. */
  connection(): Promise<EnclaveConnection> {
    return this.#connection;
  }

  /**
   * Sends one paid request and returns its answer verified as `VerifiedAnswer` says. When the enclave's keys are not
   * the verified ones any more it verifies again and sends once more, never in plaintext.
   * Throws as `payRequest` and `connectEnclave`, and `CLIENT_NO_CHANNEL`, `CLIENT_REQUEST`.
   */
  async send(endpoint: InferenceEndpoint, body: Uint8Array, signal: AbortSignal): Promise<VerifiedAnswer> {
    const request = costRequest(endpoint, body, this.options.defaultMaxTokens ?? 1024);
    for (let renewals = 0; ; renewals++) {
      const ready = await raceAbort(this.#getReady(), signal);
      try {
        await raceAbort(this.#resync(ready), signal);
        return await payRequest(this.#payContext(ready), request, signal);
      } catch (error) {
        if (renewals > 0 || !(error instanceof ClientError)) throw error;
        if (error.code === 'CLIENT_STALE_KEY' || error.code === 'CLIENT_PIN') await this.#renew(ready);
        else if (error.code === 'CLIENT_CHANNEL_OVER') await raceAbort(this.#retire(ready), signal);
        else throw error;
      }
    }
  }

  /** The channel in use, opened or resumed when there is none. Throws `CLIENT_NO_CHANNEL` and as `openChannel`. */
  async channel(signal: AbortSignal): Promise<ChannelRecord> {
    return (await raceAbort(this.#getReady(), signal)).account.record;
  }

  async status(): Promise<SessionStatus> {
    const connection = await this.#connection;
    const ready = await this.#ready?.catch(() => null);
    const { verdict, established } = connection;
    return {
      outcome: verdict.outcome,
      simulated: verdict.simulated,
      verdict: { outcome: verdict.outcome, simulated: verdict.simulated, claims: verdict.claims },
      verifiedAt: connection.verifiedAt,
      hostUrl: connection.hostUrl,
      enclaveUrl: connection.enclaveUrl,
      model: this.options.model,
      keysetDigest: established.keysetDigest,
      channel: ready ? await this.#channelStatus(ready) : null,
    };
  }

  /** Ends connections. Channels stay open: closing one is `closeChannel`. */
  close(): void {
    this.#lifetime.abort(new ClientError('CLIENT_CONNECT', 'the session was closed'));
    for (const { transport } of this.#connections) transport.close();
  }

  async #channelStatus({ account }: Ready): Promise<SessionStatus['channel']> {
    const { channelId, config, phase } = account.record;
    const { depositWei, authorizedWei, usage } = await account.state();
    const chargedWei = totalWei(chargeOf(usage, config.price));
    return { channelId, phase, depositWei, authorizedWei, chargedWei, ...usage };
  }

  #sharedSignal(): AbortSignal {
    return AbortSignal.any([this.#lifetime.signal, AbortSignal.timeout(SHARED_DEADLINE_MS)]);
  }

  /** One attempt at a time for all requests that wait; a failed one is tried again by the next request. */
  #getReady(): Promise<Ready> {
    if (this.#keysetHint) {
      this.#keysetHint = false;
      this.#replaceConnection();
    }
    if (this.#ready === null) {
      const attempt = this.#prepare(this.#sharedSignal());
      this.#ready = attempt;
      attempt.catch(() => {
        if (this.#ready === attempt) this.#ready = null;
      });
    }
    return this.#ready;
  }

  async #prepare(signal: AbortSignal): Promise<Ready> {
    const { store, platform } = this.options;
    const connection = await this.#connection;
    const evidence = encodeEvidence(connection);
    await store.putEvidence(evidence.evidenceId, evidence.content);
    const record = await this.#findChannel(connection, signal);
    return {
      connection,
      evidenceId: evidence.evidenceId,
      account: new ChannelAccount(store, platform, record),
    };
  }

  async #findChannel(connection: EnclaveConnection, signal: AbortSignal): Promise<ChannelRecord> {
    const { store, chain, model, autoOpen } = this.options;
    for (const record of await store.listChannels()) {
      const isOurs =
        record.domain.chainId === chain.chainId &&
        record.domain.contract === chain.contracts.channels &&
        record.config.model === model &&
        record.enclaveUrl === connection.enclaveUrl &&
        RESUMABLE.includes(record.phase) &&
        record.approval === null;
      if (!isOurs) continue;
      const resumed = await this.#tryResume(connection, record, signal);
      if (resumed !== null && isUsable(resumed)) return resumed;
    }
    if (autoOpen === null)
      throw new ClientError('CLIENT_NO_CHANNEL', 'no channel with this enclave is usable');
    return openChannel(this.options, connection, { model, ...autoOpen }, signal);
  }

  /** Null when the deposit cannot be made: then a new channel may be tried, which says why if it fails as well. */
  async #tryResume(
    connection: EnclaveConnection,
    record: ChannelRecord,
    signal: AbortSignal,
  ): Promise<ChannelRecord | null> {
    try {
      return await resumeChannel(this.options, connection, record, signal);
    } catch (error) {
      const refused = ['EVM_REVERTED', 'EVM_INSUFFICIENT_FUNDS'];
      if (error instanceof EvmError && refused.includes(error.code)) return null;
      throw error;
    }
  }

  #payContext({ connection, evidenceId, account }: Ready): PayContext {
    const { store, platform, maxWeiPerRequest, keepBodies, receiptsToKeep } = this.options;
    return {
      connection,
      evidenceId,
      account,
      store,
      platform,
      maxWeiPerRequest: maxWeiPerRequest ?? null,
      keepBodies: keepBodies ?? true,
      receiptsToKeep: receiptsToKeep ?? 10_000,
      onKeysetHint: () => {
        this.#keysetHint = true;
      },
    };
  }

  /** The old connection stays when verification fails, so that the next request tries again and reports why. */
  #replaceConnection(): void {
    const old = this.#connection;
    const signal = this.#sharedSignal();
    const renewed = connectEnclave(connectOptions(this.options, signal));
    this.#connection = renewed.catch(() => old);
    const attempt = renewed.then((connection) => {
      this.#connections.add(connection);
      return this.#prepare(signal);
    });
    this.#ready = attempt;
    attempt.catch(() => {
      if (this.#ready === attempt) this.#ready = null;
    });
  }

  /** Verifies again, unless another request has done so since `stale` was made. */
  async #renew(stale: Ready): Promise<void> {
    const current = await this.#ready?.catch(() => null);
    if (current === null || current === undefined || current === stale) this.#replaceConnection();
  }

  /** Stops using a channel that its enclave has closed or forgotten, and fetches the approval if there is one. */
  async #retire(over: Ready): Promise<void> {
    const { store, platform } = this.options;
    const { record } = over.account;
    const { channelId } = record;
    const signal = this.#sharedSignal();
    try {
      const approval = await requestClose(
        over.connection,
        platform,
        over.account.signRequest('close'),
        signal,
      );
      assertApproval(this.options, record, await over.account.state(), approval);
      await store.updateChannel(channelId, { approval });
    } catch (error) {
      if (refusalCode(error) !== 'ENCLAVE_CHANNEL_UNKNOWN') throw error;
      await store.updateChannel(channelId, { phase: 'lost' });
    }
    if ((await this.#ready?.catch(() => null)) === over) this.#ready = null;
  }

  /** Takes over the enclave's account for requests that ended without a receipt. */
  async #resync({ connection, account }: Ready): Promise<void> {
    if (!(await account.needsResync())) return;
    this.#resyncing ??= (async () => {
      const request = account.signRequest('status');
      const status = await requestStatus(connection, this.options.platform, request, this.#sharedSignal());
      await account.resync(status);
    })().finally(() => {
      this.#resyncing = null;
    });
    await this.#resyncing;
  }
}

function connectOptions(options: SessionOptions, signal: AbortSignal): ConnectOptions {
  const { hostUrl, enclaveUrl, model, policy, chain, platform } = options;
  return {
    hostUrl,
    ...(enclaveUrl === undefined ? {} : { enclaveUrl }),
    model,
    policy,
    chain,
    platform,
    signal,
  };
}

/** Verifies the enclave under the caller's policy; nothing is spent before the first request. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  return new Session(options, await connectEnclave(connectOptions(options, signal)));
}
