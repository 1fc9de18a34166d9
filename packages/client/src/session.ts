import { chargeOf, totalWei } from '@dcml/channel';
import type { VerifiedAnswer } from './answers.ts';
import { ChannelAccount } from './channel-account.ts';
import { ClientError } from './client-error.ts';
import type { ChannelRecord } from './client-store.ts';
import { assertApproval } from './close-approval.ts';
import { connectEnclave, type EnclaveConnection } from './connect-enclave.ts';
import { requestClose, requestStatus } from './enclave-calls.ts';
import { findChannel } from './find-channel.ts';
import { type PayContext, payRequest } from './pay-request.ts';
import { raceAbort } from './race-abort.ts';
import { encodeEvidence } from './receipt-archive.ts';
import { costRequest, type InferenceEndpoint } from './request-cost.ts';
import { refusalCode } from './sealed-exchange.ts';
import { connectOptions, type SessionOptions, type SessionStatus } from './session-options.ts';

interface Ready {
  readonly connection: EnclaveConnection;
  readonly evidenceId: string;
  readonly account: ChannelAccount;
}

/** Verifying, opening and depositing together. */
const SHARED_DEADLINE_MS = 180_000;

/** The enclave has other keys than those that were verified. Nothing of such a request can have been served. */
const STALE: readonly string[] = ['CLIENT_STALE_KEY', 'CLIENT_PIN'];

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
      let ready: Ready | null = null;
      try {
        ready = await raceAbort(this.#getReady(), signal);
        await raceAbort(this.#resync(ready), signal);
        return await payRequest(this.#payContext(ready), request, signal);
      } catch (error) {
        if (renewals > 0 || !(error instanceof ClientError)) throw error;
        if (STALE.includes(error.code)) await this.#renew(ready);
        else if (error.code === 'CLIENT_CHANNEL_OVER' && ready !== null) {
          await raceAbort(this.#retire(ready), signal);
        } else throw error;
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
    const record = await findChannel(this.options, connection, signal);
    return {
      connection,
      evidenceId: evidence.evidenceId,
      account: new ChannelAccount(store, platform, record),
    };
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
  async #renew(stale: Ready | null): Promise<void> {
    const current = await this.#ready?.catch(() => null);
    if (current === null || current === undefined || current === stale) this.#replaceConnection();
  }

  /** Stops using a channel that its enclave has closed or forgotten, and fetches the approval if there is one. */
  async #retire(over: Ready): Promise<void> {
    const { store } = this.options;
    const { record } = over.account;
    const { channelId } = record;
    const signal = this.#sharedSignal();
    try {
      const approval = await requestClose(over.connection, over.account.signRequest('close'), signal);
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
      const status = await requestStatus(connection, request, this.#sharedSignal());
      await account.resync(status);
    })().finally(() => {
      this.#resyncing = null;
    });
    await this.#resyncing;
  }
}

/** Verifies the enclave under the caller's policy; nothing is spent before the first request. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  return new Session(options, await connectEnclave(connectOptions(options, signal)));
}
