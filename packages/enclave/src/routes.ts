import {
  decodeChannelConfig,
  decodeChannelRequest,
  encodeChallengeGrant,
  encodeChannelStatus,
  encodeSignedCloseApproval,
} from '@dcml/channel';
import {
  asChannelId,
  type ChannelId,
  type Clock,
  decodeUtf8,
  encodeUtf8,
  Fields,
  isDcmlError,
  type JsonValue,
  type ModelHash,
  parseJson,
} from '@dcml/core';
import { encodeKeyConfig, keyConfigMediaType, keyConfigPath } from '@dcml/transport';
import type { ChallengeDesk } from './channels/challenge-desk.ts';
import type { ChannelDesk } from './channels/channel-desk.ts';
import { EnclaveError } from './enclave-error.ts';
import type { Engine, EngineEndpoint } from './engine/engine.ts';
import { bearerToken, type Exchange } from './http/exchange.ts';
import type { Handler, Route } from './http/router.ts';
import type { InstanceKeys } from './keys/instance-keys.ts';
import type { ReceiptBook } from './receipts/receipt-book.ts';
import type { ReportDesk } from './report/report-desk.ts';

export interface RoutesOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly keys: InstanceKeys;
  readonly notAfterSeconds: number;
  readonly clock: Clock;
  readonly reports: ReportDesk;
  readonly challenges: ChallengeDesk;
  readonly desk: ChannelDesk;
  readonly book: ReceiptBook;
  readonly engine: Engine;
  readonly model: ModelHash;
  readonly stopping: AbortSignal;
  readonly serveInference: (exchange: Exchange, endpoint: EngineEndpoint) => Promise<void>;
}

const INFERENCE_ENDPOINTS: readonly EngineEndpoint[] = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
];

function readJson(exchange: Exchange): JsonValue {
  if (exchange.body.length === 0) throw new EnclaveError('ENCLAVE_BODY', 'the request has no body');
  return parseJson(decodeUtf8(exchange.body));
}

function channelIdOf(text: string): ChannelId {
  try {
    return asChannelId(text);
  } catch (cause) {
    if (!isDcmlError(cause)) throw cause;
    throw new EnclaveError('ENCLAVE_NOT_FOUND', 'the path has no channel id', { cause });
  }
}

/** The enclave's HTTP surface (docs/protocol/http.md). */
export function createRoutes(options: RoutesOptions): readonly Route[] {
  const { desk, headers } = options;
  const reply = (exchange: Exchange, body: Uint8Array, type = 'application/json'): void => {
    exchange.send(200, { ...headers, 'content-type': type }, body);
  };
  const replyJson = (exchange: Exchange, body: JsonValue): void =>
    reply(exchange, encodeUtf8(JSON.stringify(body)));

  /** Work that uses the instance's keys ends with them: when the enclave stops or its keyset expires. */
  const guarded =
    (handle: Handler): Handler =>
    async (exchange, id) => {
      if (options.stopping.aborted)
        throw new EnclaveError('ENCLAVE_STOPPING', 'the enclave is shutting down');
      if (options.clock.now() / 1000 >= options.notAfterSeconds) {
        throw new EnclaveError('ENCLAVE_KEYSET_EXPIRED', "the instance's keyset has expired");
      }
      await handle(exchange, id);
    };

  const report: Handler = async (exchange) => {
    reply(exchange, await options.reports.report(exchange.query.get('nonce'), exchange.signal));
  };

  const receipt: Handler = async (exchange, id) => {
    reply(exchange, options.book.fetch(id, bearerToken(exchange.headers.authorization)));
  };

  const keyConfig: Handler = async (exchange) => {
    reply(exchange, encodeKeyConfig(options.keys.encryption.publicKey), keyConfigMediaType);
  };

  const models: Handler = async (exchange) => {
    const { modelName, contextTokens } = options.engine.describe();
    replyJson(exchange, {
      object: 'list',
      data: [
        {
          id: modelName,
          object: 'model',
          created: 0,
          owned_by: 'dcml',
          dcml: { model: options.model, context_tokens: contextTokens },
        },
      ],
    });
  };

  const challenge: Handler = async (exchange) => {
    new Fields(readJson(exchange), 'body').done();
    const issued = options.challenges.issue();
    replyJson(exchange, encodeChallengeGrant({ ...issued, enclaveKey: options.keys.chain.address }));
  };

  const open: Handler = async (exchange) => {
    const fields = new Fields(readJson(exchange), 'body');
    const config = decodeChannelConfig(fields.required('config'), 'config');
    fields.done();
    const channel = await desk.open(config, exchange.signal);
    replyJson(exchange, encodeChannelStatus(channel.ledger.status()));
  };

  const status: Handler = async (exchange, id) => {
    const channel = desk.get(channelIdOf(id));
    const request = decodeChannelRequest(readJson(exchange), channel.ledger.channelId, 'status');
    desk.assertRequested(channel, request);
    replyJson(exchange, encodeChannelStatus(channel.ledger.status()));
  };

  const close: Handler = async (exchange, id) => {
    const channel = desk.get(channelIdOf(id));
    const request = decodeChannelRequest(readJson(exchange), channel.ledger.channelId, 'close');
    desk.assertRequested(channel, request);
    replyJson(exchange, encodeSignedCloseApproval(await desk.close(channel, exchange.signal)));
  };

  const answer: Handler = async (exchange, id) => {
    const channel = desk.get(channelIdOf(id));
    replyJson(exchange, encodeSignedCloseApproval(await desk.answerClose(channel, exchange.signal)));
  };

  return [
    { method: 'GET', path: '/v1/aci/attestation', handle: guarded(report) },
    { method: 'GET', path: '/v1/aci/receipts/{id}', handle: receipt },
    { method: 'GET', path: keyConfigPath, handle: guarded(keyConfig) },
    { method: 'GET', path: '/v1/models', handle: models },
    { method: 'POST', path: '/v1/dcml/challenges', handle: guarded(challenge) },
    { method: 'POST', path: '/v1/dcml/channels', handle: guarded(open) },
    { method: 'POST', path: '/v1/dcml/channels/{id}/status', handle: status },
    { method: 'POST', path: '/v1/dcml/channels/{id}/close', handle: close },
    { method: 'POST', path: '/v1/dcml/channels/{id}/answer', handle: answer },
    ...INFERENCE_ENDPOINTS.map(
      (endpoint): Route => ({
        method: 'POST',
        path: endpoint,
        handle: guarded((exchange) => options.serveInference(exchange, endpoint)),
      }),
    ),
  ];
}
