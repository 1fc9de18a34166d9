import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { defaultPolicy, type EvidencePolicy } from '@dcml/attest';
import {
  admissionError,
  type ChannelConfig,
  type ChannelDigests,
  ChannelLedger,
  createChannelDigests,
  decodeChannelConfig,
  decodeChannelRequest,
  encodeChallengeGrant,
  encodeChannelStatus,
  encodeSignedCloseApproval,
  signCloseApproval,
} from '@dcml/channel';
import { nativeSecp256k1 as secp } from '@dcml/channel/native';
import {
  type Address,
  asChallenge,
  canonicalizeJson,
  decodeUtf8,
  digestText,
  encodeUtf8,
  type JsonObject,
  type ModelHash,
  parseJson,
  sha256,
  systemClock,
  systemRandom,
  toHex,
  toPrefixedHex,
} from '@dcml/core';
import {
  attestationStatement,
  buildReceipt,
  chainKeyAlgorithm,
  encodeDstackEvidence,
  encodeMeasuredConfiguration,
  encodeReport,
  encryptionKeyAlgorithm,
  keysetDigest,
  type ReceiptContent,
  receiptKeyAlgorithm,
  reportData,
  signReceipt,
  type WorkloadKeyset,
} from '@dcml/receipt';
import {
  createSimulatedGuest,
  createSimulatedVendor,
  encodeEventLog,
  type SimulatedGuest,
  type SimulatedVendor,
  toPem,
} from '@dcml/testing';
import {
  createReplayGuard,
  encodePaymentRequired,
  encodeReceiptComment,
  generateTransportKey,
  openRequest,
  parsePaymentSignature,
  type ResponseSealer,
  type TransportKey,
  toUniformRefusal,
} from '@dcml/transport';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import type { EnclaveRequest, EnclaveResponse, EnclaveTransport } from '../src/enclave-transport.ts';

const crypto = createNodeTransportCrypto();

/** What a dishonest or broken party may do to the next answers; each hook sees what goes over the wire. */
export interface Tampering {
  /** The sealed pieces of an answer body, as a man in the middle sees them. */
  pieces?: (pieces: readonly Uint8Array[]) => readonly (Uint8Array | Error)[];
  headers?: (headers: Map<string, string>) => void;
  status?: number;
  /** What an enclave with a fault would sign. */
  receipt?: (content: ReceiptContent) => ReceiptContent;
  /** Leaves the receipt out. */
  noReceipt?: boolean;
  /** Answers without sealing, as somebody would who holds no keys. */
  plain?: { readonly status: number; readonly body: string; readonly contentType?: string };
}

export interface FakeEnclaveOptions {
  readonly chainId: number;
  readonly channels: Address;
  readonly registry: Address;
  readonly model: ModelHash;
}

/** The words of every answer: `word-0 word-1 …`. */
export const ANSWER_WORDS = 5;

export const simulatedVendor: SimulatedVendor = createSimulatedVendor({
  random: systemRandom,
  nowMs: Date.now(),
});

export const simulationPolicy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [{ name: 'simulation', kind: 'intel', certificatePem: toPem(simulatedVendor.certificates.root) }],
  composeHashes: null,
};

/** One instance of an enclave in this process: real keys, evidence, sealing, ledger and receipts; no model, no TLS. */
export class FakeEnclave {
  readonly options: FakeEnclaveOptions;
  readonly guest: SimulatedGuest;
  readonly keyset: WorkloadKeyset;
  readonly chainKey: Uint8Array<ArrayBuffer> = systemRandom.bytes(32);
  readonly digests: ChannelDigests;
  readonly ledgers: Map<string, { readonly config: ChannelConfig; readonly ledger: ChannelLedger }> =
    new Map();
  readonly tampering: Tampering[] = [];
  /** Sealed requests whose body was opened. */
  opened: number = 0;
  /** Every request that arrived, opened or not. */
  readonly arrived: EnclaveRequest[] = [];
  readonly #key: TransportKey;
  readonly #receiptKey = generateKeyPairSync('ed25519');
  readonly #replayGuard = createReplayGuard({ capacity: 1000, ttlMs: 600_000, clock: systemClock });
  /** Awaited before a stream's last word; lets tests abort in the middle. */
  beforeEnd: () => Promise<void> = async () => {};
  /** The deposit that the chain would show. */
  depositOf: (config: ChannelConfig) => bigint = () => 10n ** 15n;

  private constructor(options: FakeEnclaveOptions, key: TransportKey) {
    this.options = options;
    this.#key = key;
    const dcml = encodeMeasuredConfiguration({
      version: 1,
      chainId: options.chainId,
      channelsContract: options.channels,
      registryContract: options.registry,
      models: [options.model],
      chainView: 'operator_asserted',
      engine: 'llama',
    });
    this.guest = createSimulatedGuest({
      vendor: simulatedVendor,
      appCompose: JSON.stringify({ manifest_version: 2, name: 'fake', dcml }),
      random: systemRandom,
    });
    this.digests = createChannelDigests({ chainId: options.chainId, contract: options.channels });
    const receiptSpki = this.#receiptKey.publicKey.export({ type: 'spki', format: 'der' });
    this.keyset = {
      subject: null,
      notAfter: Math.floor(Date.now() / 1000) + 86_400,
      receiptSigningKeys: [
        { keyId: 'receipt-1', algo: receiptKeyAlgorithm, publicKey: toHex(receiptSpki.subarray(-32)) },
      ],
      e2eePublicKeys: [
        { keyId: 'encryption-1', algo: encryptionKeyAlgorithm, publicKey: toHex(key.publicKey) },
        { keyId: 'chain-1', algo: chainKeyAlgorithm, publicKey: secp.addressOf(this.chainKey).slice(2) },
      ],
      tlsPublicKeys: [{ spkiSha256: this.spki }],
    };
  }

  /** What this instance's TLS key would hash to. */
  readonly spki: string = toHex(systemRandom.bytes(32));

  static async create(options: FakeEnclaveOptions): Promise<FakeEnclave> {
    return new FakeEnclave(options, await generateTransportKey(crypto));
  }

  get address(): Address {
    return secp.addressOf(this.chainKey);
  }

  /** The report as JSON text. */
  report(nonce: string): string {
    const digest = keysetDigest(this.keyset);
    const slot = reportData(attestationStatement(digest, nonce));
    const quote = toHex(this.guest.quote(slot));
    return canonicalizeJson(
      encodeReport({
        keysetDigest: digest,
        teeType: 'tdx',
        keyset: this.keyset,
        reportData: toHex(slot.subarray(0, 32)),
        sourceProvenance: null,
        evidence: encodeDstackEvidence(quote, encodeEventLog(this.guest.events()), this.guest.appCompose),
        supportedE2eeVersions: ['ehbp'],
        serving: 'direct',
      }),
    );
  }

  /** Serves a channel without asking a chain. */
  serve(config: ChannelConfig, depositWei: bigint): void {
    const ledger = new ChannelLedger({ config, depositWei, digests: this.digests, secp256k1: secp });
    this.ledgers.set(ledger.channelId, { config, ledger });
  }

  /** A transport to this instance that sees its TLS key, as Node's does. */
  transport(): EnclaveTransport {
    return { send: (request) => this.#send(request), close: () => {} };
  }

  async #send(request: EnclaveRequest): Promise<EnclaveResponse> {
    request.signal.throwIfAborted();
    this.arrived.push(request);
    const headers = new Map<string, string>([['x-aci-keyset-digest', keysetDigest(this.keyset)]]);
    const plain = (status: number, type: string, body: string): EnclaveResponse => ({
      status,
      headers: new Map([...headers, ['content-type', type]]),
      body: (async function* () {
        yield encodeUtf8(body);
      })(),
      peerSpkiSha256: this.spki,
    });
    if (request.path.startsWith('/v1/aci/attestation')) {
      const nonce = new URL(request.path, 'https://enclave').searchParams.get('nonce')!;
      return plain(200, 'application/json', this.report(nonce));
    }
    if (request.path === '/v1/models') {
      return plain(200, 'application/json', '{"object":"list","data":[{"id":"fake","object":"model"}]}');
    }
    const tampering = this.tampering.shift() ?? {};
    if (tampering.plain !== undefined) {
      const { status, body, contentType } = tampering.plain;
      return plain(status, contentType ?? 'application/json', body);
    }
    let sealer: ResponseSealer;
    let body: Uint8Array;
    try {
      const sent = request.body!;
      const openedRequest = await openRequest({
        crypto,
        key: this.#key,
        encapsulatedKeyHex: request.headers['Ehbp-Encapsulated-Key'] ?? '',
        body: (async function* () {
          yield sent;
        })(),
        replayGuard: this.#replayGuard,
        signal: request.signal,
      });
      sealer = await openedRequest.sealResponse();
      body = openedRequest.plaintext;
      this.opened++;
    } catch (error) {
      const refusal = toUniformRefusal(error);
      return plain(refusal.status, refusal.contentType, refusal.body);
    }
    headers.set('ehbp-response-nonce', sealer.nonceHex);
    const answer = await this.#answer(request, body, sealer, tampering, headers);
    return this.#respond(answer, headers, tampering, request.signal);
  }

  #respond(
    answer: { readonly status: number; readonly pieces: AsyncIterable<Uint8Array> },
    headers: Map<string, string>,
    tampering: Tampering,
    signal: AbortSignal,
  ): EnclaveResponse {
    tampering.headers?.(headers);
    const { pieces: tamper } = tampering;
    const body = (async function* () {
      if (tamper === undefined) {
        for await (const piece of answer.pieces) {
          signal.throwIfAborted();
          yield piece;
        }
        return;
      }
      const all: Uint8Array[] = [];
      for await (const piece of answer.pieces) all.push(piece);
      for (const piece of tamper(all)) {
        if (piece instanceof Error) throw piece;
        yield piece;
      }
    })();
    return { status: tampering.status ?? answer.status, headers, body, peerSpkiSha256: this.spki };
  }

  async #answer(
    request: EnclaveRequest,
    body: Uint8Array,
    sealer: ResponseSealer,
    tampering: Tampering,
    headers: Map<string, string>,
  ): Promise<{ status: number; pieces: AsyncIterable<Uint8Array> }> {
    headers.set('content-type', 'application/json');
    const json = parseJson(decodeUtf8(body)) as JsonObject;
    const once = (
      status: number,
      value: JsonObject,
    ): { status: number; pieces: AsyncIterable<Uint8Array> } => ({
      status,
      pieces: (async function* () {
        yield sealer.seal(encodeUtf8(canonicalizeJson(value)));
      })(),
    });
    const refuse = (status: number, code: string, details: JsonObject = {}): ReturnType<typeof once> =>
      once(status, {
        error: {
          message: code,
          type: 'x',
          code,
          param: null,
          dcml: { code, advice: 'fix-input', fix: 'fix it', details },
        },
      });
    const channelPath = /^\/v1\/dcml\/channels\/(0x[0-9a-f]{64})\/(status|close)$/.exec(request.path);
    if (request.path === '/v1/dcml/challenges') {
      const challenge = asChallenge(toPrefixedHex(systemRandom.bytes(32)));
      return once(
        200,
        encodeChallengeGrant({ challenge, enclaveKey: this.address, expiresAt: 4_000_000_000 }),
      );
    }
    if (request.path === '/v1/dcml/channels') {
      const config = decodeChannelConfig(json['config']);
      if (config.enclaveKey !== this.address) return refuse(409, 'ENCLAVE_CHALLENGE');
      const id = this.digests.channelId(config);
      if (!this.ledgers.has(id)) this.serve(config, this.depositOf(config));
      return once(200, encodeChannelStatus(this.ledgers.get(id)!.ledger.status()));
    }
    if (channelPath !== null) {
      const served = this.ledgers.get(channelPath[1]!);
      if (served === undefined) return refuse(402, 'ENCLAVE_CHANNEL_UNKNOWN');
      const action = channelPath[2] === 'close' ? 'close' : 'status';
      const signed = decodeChannelRequest(json, served.ledger.channelId, action);
      if (
        secp.recoverAddress(this.digests.channelRequest(signed), signed.signature) !==
        served.config.payerAuthorizer
      ) {
        return refuse(403, 'ENCLAVE_CHANNEL_REQUEST');
      }
      if (action === 'status') return once(200, encodeChannelStatus(served.ledger.status()));
      served.ledger.close();
      const sign = (digest: Uint8Array): `0x${string}` => secp.sign(digest, this.chainKey);
      return once(
        200,
        encodeSignedCloseApproval(signCloseApproval(this.digests, sign, served.ledger.approval())),
      );
    }
    return this.#infer(request, body, json, sealer, tampering, headers, refuse);
  }

  async #infer(
    request: EnclaveRequest,
    body: Uint8Array,
    json: JsonObject,
    sealer: ResponseSealer,
    tampering: Tampering,
    headers: Map<string, string>,
    refuse: (
      status: number,
      code: string,
      details?: JsonObject,
    ) => { status: number; pieces: AsyncIterable<Uint8Array> },
  ): Promise<{ status: number; pieces: AsyncIterable<Uint8Array> }> {
    const payment = parsePaymentSignature(request.headers['PAYMENT-SIGNATURE'] ?? '');
    const served = this.ledgers.get(payment.channelId);
    if (served === undefined) return refuse(402, 'ENCLAVE_CHANNEL_UNKNOWN');
    if (json['model'] === 'unknown') return refuse(404, 'ENCLAVE_MODEL_UNKNOWN');
    const { ledger, config } = served;
    const preparation = ledger.prepare({
      voucher: payment,
      promptTokens: 10,
      requestedCompletionTokens: Number(json['max_tokens'] ?? json['max_completion_tokens'] ?? 0),
      availableCompletionTokens: 1_000_000_000_000,
    });
    if (!preparation.admitted) {
      const { refusal } = preparation;
      if (refusal.figures !== null) {
        headers.set(
          'payment-required',
          encodePaymentRequired({
            resourceUrl: 'https://enclave/',
            error: refusal.code,
            terms: { ...payment.terms, amountWei: 1n },
            price: config.price,
            shortfall: { channelId: ledger.channelId, ...refusal.figures },
          }),
        );
      }
      return refuse(402, refusal.code, { ...admissionError(refusal).details });
    }
    const id = preparation.admission.reservationId;
    ledger.commit(id);
    const receiptId = `rcpt-${toHex(systemRandom.bytes(8))}`;
    headers.set('x-receipt-id', receiptId);
    const receiptFor = async (answer: Uint8Array, completionTokens: number): Promise<Uint8Array> => {
      const charge = ledger.finish(id);
      const status = ledger.status();
      const content: ReceiptContent = {
        receiptId,
        chatId: null,
        model: 'fake',
        keysetDigest: keysetDigest(this.keyset),
        endpoint: request.path,
        method: 'POST',
        servedAt: Math.floor(Date.now() / 1000),
        keyId: 'receipt-1',
        events: [
          { type: 'request.received', bodyHash: digestText(sha256(body)) },
          { type: 'request.forwarded', bodyHash: digestText(sha256(body)) },
          {
            type: 'dcml.model',
            model: config.model,
            weights: [],
            tokenizer: null,
            chatTemplate: null,
            configuration: null,
            quantization: null,
            adapter: null,
            engine: 'fake 1',
          },
          { type: 'dcml.usage', promptTokens: 10, completionTokens },
          {
            type: 'dcml.charge',
            chainId: this.options.chainId,
            contract: this.options.channels,
            channelId: ledger.channelId,
            price: config.price,
            authorizedWei: status.authorizedWei,
            requestOwnerWei: charge.ownerWei,
            requestHostWei: charge.hostWei,
            chargedOwnerWei: status.charge.ownerWei,
            chargedHostWei: status.charge.hostWei,
            promptTokensTotal: status.usage.promptTokens,
            completionTokensTotal: status.usage.completionTokens,
          },
          { type: 'dcml.counter', bootId: '11'.repeat(32), sequence: 1 },
          { type: 'dcml.platform', teeType: 'tdx', simulated: true },
          { type: 'dcml.completion', finish: 'complete' },
          { type: 'response.returned', bodyHash: digestText(sha256(answer)) },
        ],
      };
      const document = buildReceipt(tampering.receipt?.(content) ?? content);
      const sign = (message: Uint8Array): Uint8Array => signBytes(null, message, this.#receiptKey.privateKey);
      return (await signReceipt(document, sign)).bytes;
    };
    if (json['stream'] === true) {
      headers.set('content-type', 'text/event-stream');
      const beforeEnd = (): Promise<void> => this.beforeEnd();
      return {
        status: 200,
        pieces: (async function* () {
          const parts: Uint8Array[] = [];
          for (let i = 0; i < ANSWER_WORDS; i++) {
            if (i === ANSWER_WORDS - 1) await beforeEnd();
            const finish = i === ANSWER_WORDS - 1 ? ',"finish_reason":"stop"' : '';
            const part = encodeUtf8(`data: {"choices":[{"delta":{"content":"word-${i} "}${finish}}]}\n\n`);
            parts.push(part);
            ledger.deliver(id, { promptTokens: 10, completionTokens: i + 1 });
            yield sealer.seal(part);
          }
          const done = encodeUtf8('data: [DONE]\n\n');
          parts.push(done);
          yield sealer.seal(done);
          if (tampering.noReceipt === true) return;
          const receipt = await receiptFor(new Uint8Array(Buffer.concat(parts)), ANSWER_WORDS);
          yield sealer.seal(encodeUtf8(encodeReceiptComment(receipt)));
        })(),
      };
    }
    const answer = encodeUtf8(
      canonicalizeJson({ id: receiptId, object: 'chat.completion', echo: decodeUtf8(body) }),
    );
    ledger.deliver(id, {
      promptTokens: 10,
      completionTokens: request.path.endsWith('embeddings') ? 0 : ANSWER_WORDS,
    });
    const receipt = await receiptFor(answer, request.path.endsWith('embeddings') ? 0 : ANSWER_WORDS);
    if (tampering.noReceipt !== true) headers.set('dcml-receipt', sealer.sealReceipt(receipt));
    return {
      status: 200,
      pieces: (async function* () {
        yield sealer.seal(answer);
      })(),
    };
  }
}
