import type { PriceTerms } from '@dcml/channel';
import { Fields } from '@dcml/core';
import { encodePaymentSignature, parsePaymentRequired, paymentSignatureHeader } from '@dcml/transport';
import {
  type RefusedAnswer,
  readBufferedAnswer,
  readStreamedAnswer,
  type VerifiedAnswer,
} from './answers.ts';
import type { ChannelAccount, SignedIncrement } from './channel-account.ts';
import { ClientError } from './client-error.ts';
import type { ClientStore } from './client-store.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import { readErrorAnswer } from './error-answer.ts';
import type { ClientPlatform } from './platform.ts';
import { parseJsonBytes, readBounded } from './read-bounded.ts';
import type { CostedRequest } from './request-cost.ts';
import { type SealedAnswer, sendSealed } from './sealed-exchange.ts';

export interface PayContext {
  readonly connection: EnclaveConnection;
  readonly evidenceId: string;
  readonly account: ChannelAccount;
  readonly store: ClientStore;
  readonly platform: ClientPlatform;
  readonly maxWeiPerRequest: bigint | null;
  readonly keepBodies: boolean;
  readonly receiptsToKeep: number;
  /** Called when an answer hints that the keyset changed. */
  onKeysetHint(): void;
}

/** Parallel requests overtake each other; each round at least one of them gets through. */
const MAX_ATTEMPTS = 32;
const MAX_REFUSAL_BYTES = 1 << 20;
const MAX_TIMEOUT_SECONDS = 600;
/** The enclave wants a higher voucher; anything else is final. */
const WANTS_MORE: readonly string[] = ['CHANNEL_VOUCHER_NOT_HIGHER', 'CHANNEL_AUTHORIZATION'];
const CHANNEL_OVER: readonly string[] = ['CHANNEL_CLOSED', 'ENCLAVE_CHANNEL_UNKNOWN'];

function paymentHeader({ account }: PayContext, { voucher, addsWei }: SignedIncrement): string {
  const { config, domain } = account.record;
  return encodePaymentSignature({
    terms: {
      chainId: domain.chainId,
      amountWei: addsWei,
      asset: config.token,
      payTo: domain.contract,
      maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
    },
    channelId: voucher.channelId,
    maxClaimableWei: voucher.maxClaimableWei,
    signature: voucher.signature,
  });
}

interface Refusal {
  readonly answer: RefusedAnswer;
  /** What the enclave says would be enough; only in a refusal that asks for more. */
  readonly requiredWei: bigint | null;
}

/** A sealed refusal, which must have the shape of an error: a changed status code must not pass an answer off as one. */
async function readRefusal(sealed: SealedAnswer, account: ChannelAccount): Promise<Refusal> {
  const body = await readBounded(sealed.body, MAX_REFUSAL_BYTES);
  const value = parseJsonBytes(body, MAX_REFUSAL_BYTES);
  const error = readErrorAnswer(value);
  if (error === null)
    throw new ClientError('CLIENT_UNVERIFIED', `an answer with status ${sealed.status} is no error`);
  const answer: RefusedAnswer = {
    kind: 'refused',
    status: sealed.status,
    contentType: 'application/json',
    body,
    code: error.code,
  };
  if (sealed.status !== 402 || !WANTS_MORE.includes(error.code)) return { answer, requiredWei: null };
  const details = new Fields(value, 'answer').object('error').object('dcml').object('details');
  const requiredWei = details.decimal('required_max_claimable');
  assertDemand(sealed, account, requiredWei);
  return { answer, requiredWei };
}

function samePrice(a: PriceTerms, b: PriceTerms): boolean {
  return (
    a.ownerPromptPerMTok === b.ownerPromptPerMTok &&
    a.ownerCompletionPerMTok === b.ownerCompletionPerMTok &&
    a.hostPromptPerMTok === b.hostPromptPerMTok &&
    a.hostCompletionPerMTok === b.hostCompletionPerMTok
  );
}

/** The x402 header says the same as the sealed body, about this channel, at its price. */
function assertDemand(sealed: SealedAnswer, account: ChannelAccount, requiredWei: bigint): void {
  const { domain, config, channelId } = account.record;
  const demand = parsePaymentRequired(sealed.headers.get('payment-required') ?? '');
  const isOurs =
    demand.terms.chainId === domain.chainId &&
    demand.terms.payTo === domain.contract &&
    demand.terms.asset === config.token &&
    demand.shortfall?.channelId === channelId &&
    demand.shortfall.requiredMaxClaimableWei === requiredWei &&
    demand.price !== null &&
    samePrice(demand.price, config.price);
  if (!isOurs) {
    throw new ClientError('CLIENT_UNVERIFIED', 'the demand for payment is not about this channel and price');
  }
}

type Attempt =
  | { readonly kind: 'answer'; readonly answer: VerifiedAnswer }
  | { readonly kind: 'raise'; readonly requiredWei: bigint };

async function attempt(
  context: PayContext,
  request: CostedRequest,
  requestId: number,
  payment: SignedIncrement,
  signal: AbortSignal,
): Promise<Attempt> {
  const { connection, platform, account } = context;
  const headers = { [paymentSignatureHeader]: paymentHeader(context, payment) };
  const sealed = await sendSealed(
    connection,
    { path: request.endpoint, body: request.body, headers },
    signal,
  );
  if (sealed.keysetChanged) context.onKeysetHint();
  if (sealed.status !== 200) {
    const { answer, requiredWei } = await readRefusal(sealed, account);
    if (requiredWei !== null) return { kind: 'raise', requiredWei };
    await account.release(requestId);
    return { kind: 'answer', answer };
  }
  const exchange = { ...context, requestId, request };
  const answer = request.stream
    ? readStreamedAnswer(exchange, sealed, platform)
    : await readBufferedAnswer(exchange, sealed, platform);
  return { kind: 'answer', answer };
}

/** Nothing of these requests can have been served: their body was never opened, or never sent. */
function wasNotServed(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  if (error.code === 'CLIENT_ENCLAVE_REFUSED') return error.details['code'] === 'UNOPENED';
  return (
    error.code === 'CLIENT_STALE_KEY' ||
    error.code === 'CLIENT_PIN' ||
    error.code === 'CLIENT_LIMIT' ||
    error.code === 'CLIENT_CHANNEL_EXHAUSTED'
  );
}

/**
 * Sends a request with a voucher for its maximum; signs more within the caller's limits when the enclave asks for it.
 * Throws `CLIENT_LIMIT`, `CLIENT_CHANNEL_EXHAUSTED`, `CLIENT_CHANNEL_OVER`, `CLIENT_STALE_KEY`, `CLIENT_PIN`,
 * `CLIENT_PLAINTEXT`, `CLIENT_UNVERIFIED`, `CLIENT_CUT`, `CLIENT_CONNECT`, or the signal's reason.
 */
export async function payRequest(
  context: PayContext,
  request: CostedRequest,
  signal: AbortSignal,
): Promise<VerifiedAnswer> {
  const { account, maxWeiPerRequest } = context;
  const reservation = await account.reserve(request, maxWeiPerRequest);
  const { requestId } = reservation;
  let payment: SignedIncrement = reservation;
  try {
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      const outcome = await attempt(context, request, requestId, payment, signal);
      if (outcome.kind === 'raise') {
        payment = await account.raise(outcome.requiredWei, maxWeiPerRequest);
        continue;
      }
      const { answer } = outcome;
      if (answer.kind === 'refused' && CHANNEL_OVER.includes(answer.code)) {
        throw new ClientError('CLIENT_CHANNEL_OVER', 'the enclave does not serve the channel any more', {
          details: { code: answer.code },
        });
      }
      if (answer.kind === 'refused' && answer.code === 'CHANNEL_DEPOSIT') {
        throw new ClientError(
          'CLIENT_CHANNEL_EXHAUSTED',
          'the deposit does not cover the maximum of this request',
        );
      }
      return answer.kind === 'stream'
        ? { ...answer, body: settling(answer.body, account, requestId) }
        : answer;
    }
    throw new ClientError('CLIENT_CHANNEL_EXHAUSTED', `the enclave asked for more ${MAX_ATTEMPTS} times`);
  } catch (error) {
    if (wasNotServed(error)) await account.release(requestId);
    else account.abandon(requestId);
    throw error;
  }
}

/** Frees the account's memory of a stream that did not reach its receipt; its maximum stays reserved. */
async function* settling<Value, Result>(
  body: AsyncGenerator<Value, Result>,
  account: ChannelAccount,
  requestId: number,
): AsyncGenerator<Value, Result> {
  try {
    return yield* body;
  } finally {
    account.abandon(requestId);
  }
}
