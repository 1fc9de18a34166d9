import { createHash } from 'node:crypto';
import type { Charge } from '@dcml/channel';
import { type Clock, encodeUtf8, type JsonObject, type Random, toBase64Url, toHex } from '@dcml/core';
import { encodeReceiptComment } from '@dcml/transport';
import { EnclaveError } from '../enclave-error.ts';
import type { Engine, EngineEndpoint, EngineResponse, EngineUsage } from '../engine/engine.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Log } from '../log.ts';
import type { ReceiptDesk } from '../receipts/receipt-desk.ts';
import { collectAnswer, deliverStream, type Finish } from './deliver.ts';
import { type AdmittedRequest, type Cashier, type PaymentClaim, PaymentRefusal } from './payment.ts';
import { readInferenceRequest, readModel } from './read-request.ts';

export interface InferenceOptions {
  readonly engine: Engine;
  readonly cashier: Cashier;
  readonly receipts: ReceiptDesk;
  /** Names under which requests may ask for the model. */
  readonly modelNames: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Log;
}

const ID_PREFIX: Readonly<Record<EngineEndpoint, string>> = {
  '/v1/chat/completions': 'chatcmpl',
  '/v1/completions': 'cmpl',
  '/v1/embeddings': 'embd',
};

/** One request under way. */
interface Run {
  readonly exchange: Exchange;
  readonly endpoint: EngineEndpoint;
  readonly json: JsonObject;
  /** As the request names it. */
  readonly model: string;
  readonly paid: AdmittedRequest;
  readonly responseId: string;
  readonly receiptId: string;
}

/**
 * Serves paid inference (design steps 4 and 5): read, check the payment, have the host keep the voucher, generate, count
 * what is delivered, sign the receipt. An error before the first byte is an error answer that costs nothing.
 */
export function createInferenceHandler(
  options: InferenceOptions,
): (exchange: Exchange, endpoint: EngineEndpoint) => Promise<void> {
  return async (exchange, endpoint) => {
    const json = readInferenceRequest(exchange.body);
    const resource = `https://enclave${endpoint}`;
    const serveClaim = async ({ channel, voucher }: PaymentClaim): Promise<void> => {
      const model = readModel(json, options.modelNames);
      const estimate = await options.engine.estimate(endpoint, json, exchange.body);
      const paid = options.cashier.admit(channel, voucher, estimate, resource, exchange.signal);
      const id = toHex(options.random.bytes(16));
      const responseId = `${ID_PREFIX[endpoint]}-${id}`;
      await serve(options, { exchange, endpoint, json, model, paid, responseId, receiptId: `rcpt-${id}` });
    };
    try {
      const claim = options.cashier.read(exchange.paymentSignature, resource);
      await claim.channel.track(serveClaim(claim));
    } catch (error) {
      if (!(error instanceof PaymentRefusal)) throw error;
      exchange.refusalHeaders = error.headers;
      throw error.error;
    }
  };
}

async function serve(options: InferenceOptions, run: Run): Promise<void> {
  const { channel, admission, stored } = run.paid;
  const unpaid = new AbortController();
  const signal = AbortSignal.any([run.exchange.signal, channel.closing.signal, unpaid.signal]);
  // The voucher is on its way to the host before the model begins; the two then go on side by side, and not a byte
  // leaves before the host has stored it.
  await new Promise(setImmediate);
  const responding = options.engine.respond({
    endpoint: run.endpoint,
    body: run.exchange.body,
    json: run.json,
    maxCompletionTokens: admission.maxCompletionTokens,
    responseId: run.responseId,
    createdSeconds: Math.floor(options.clock.now() / 1000),
    tenant: channel.ledger.channelId,
    signal,
  });
  responding.catch(() => {}); // awaited below, after the voucher
  try {
    await stored;
  } catch (error) {
    unpaid.abort(error);
    throw error;
  }
  let response: EngineResponse;
  try {
    response = await responding;
  } catch (error) {
    channel.ledger.finish(admission.reservationId);
    throw error;
  }
  if (response.contentType === 'text/event-stream') await serveStream(options, run, response);
  else await serveBuffered(options, run, response);
}

function answerHeaders(
  options: InferenceOptions,
  run: Run,
  response: EngineResponse,
): Record<string, string> {
  return {
    ...options.headers,
    'content-type': response.contentType,
    'cache-control': 'no-store',
    'X-Receipt-Id': run.receiptId,
    'PAYMENT-RESPONSE': options.cashier.acknowledge(run.paid.channel),
  };
}

/** Signs and keeps the receipt of what was delivered. */
function closeBooks(
  options: InferenceOptions,
  run: Run,
  response: EngineResponse,
  outcome: {
    readonly finish: Finish;
    readonly usage: EngineUsage;
    readonly bodyHash: Uint8Array;
    readonly charge: Charge;
  },
): Promise<Uint8Array> {
  return options.receipts.issue({
    receiptId: run.receiptId,
    responseId: run.responseId,
    endpoint: run.endpoint,
    requestedModel: run.model,
    requestBody: run.exchange.body,
    forwardedBody: response.forwardedBody,
    responseHash: outcome.bodyHash,
    usage: outcome.usage,
    requestCharge: outcome.charge,
    ledger: run.paid.channel.ledger,
    finish: outcome.finish,
    credential: run.exchange.receiptCredential,
  });
}

async function serveStream(options: InferenceOptions, run: Run, response: EngineResponse): Promise<void> {
  const { exchange, paid } = run;
  const { ledger } = paid.channel;
  exchange.start(response.status, answerHeaders(options, run, response));
  const delivery = await deliverStream(exchange, response, ledger, paid.admission.reservationId);
  const charge = ledger.finish(paid.admission.reservationId);
  const receipt = await closeBooks(options, run, response, { ...delivery, charge });
  if (delivery.finish === 'complete') {
    exchange.write(encodeUtf8(encodeReceiptComment(receipt)));
    exchange.end();
    return;
  }
  if (delivery.finish === 'error') {
    options.log('warn', 'answer broken off', { receipt: run.receiptId, code: codeOf(delivery.error) });
  }
  // No end marker and no receipt: a client cannot take the part for the whole.
  exchange.destroy();
}

async function serveBuffered(options: InferenceOptions, run: Run, response: EngineResponse): Promise<void> {
  const { exchange, paid } = run;
  const { ledger } = paid.channel;
  const { reservationId } = paid.admission;
  let answer: { readonly body: Uint8Array; readonly usage: EngineUsage };
  try {
    answer = await collectAnswer(response);
    exchange.signal.throwIfAborted();
    if (paid.channel.closing.signal.aborted)
      throw new EnclaveError('ENCLAVE_STOPPING', 'the channel was closed');
  } catch (error) {
    ledger.finish(reservationId);
    throw error;
  }
  // The receipt travels ahead of the body, so the charge is fixed before the write, while the client is connected.
  ledger.deliver(reservationId, answer.usage);
  const charge = ledger.finish(reservationId);
  const bodyHash = new Uint8Array(createHash('sha256').update(answer.body).digest());
  const receipt = await closeBooks(options, run, response, {
    finish: 'complete',
    usage: answer.usage,
    bodyHash,
    charge,
  });
  const value = exchange.sealer === null ? toBase64Url(receipt) : exchange.sealer.sealReceipt(receipt);
  exchange.send(
    response.status,
    { ...answerHeaders(options, run, response), 'DCML-Receipt': value },
    answer.body,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
}
