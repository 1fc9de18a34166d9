import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import {
  type Address,
  asAddress,
  asChannelId,
  asModelHash,
  type ChannelId,
  digestText,
  encodeUtf8,
  fromHex,
  type ModelHash,
  sha256,
  toHex,
} from '@dcml/core';
import {
  buildReceipt,
  type ChargeEvent,
  chainKeyAlgorithm,
  encryptionKeyAlgorithm,
  keysetDigest,
  type MeasuredConfiguration,
  type ReceiptContent,
  type ReceiptEvent,
  receiptKeyAlgorithm,
  type SignedReceipt,
  signReceipt,
  type UsageEvent,
  type WorkloadKeyset,
} from '../src/index.ts';

export interface Ed25519Signer {
  readonly publicKeyHex: string;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export function ed25519Signer(seedHex: string): Ed25519Signer {
  const der = fromHex(`302e020100300506032b657004220420${seedHex}`);
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKeyHex: toHex(spki.subarray(-32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

export const signer: Ed25519Signer = ed25519Signer('11'.repeat(32));
export const model: ModelHash = asModelHash(`0x${'3a'.repeat(32)}`);
export const channelId: ChannelId = asChannelId(`0x${'c4'.repeat(32)}`);
export const contract: Address = asAddress(`0x${'c0'.repeat(20)}`);
export const chainId = 31337;
export const servedAt = 1_790_000_000;

export const keyset: WorkloadKeyset = {
  subject: null,
  notAfter: servedAt + 86_400,
  receiptSigningKeys: [{ keyId: 'receipt-1', algo: receiptKeyAlgorithm, publicKey: signer.publicKeyHex }],
  e2eePublicKeys: [
    { keyId: 'encryption-1', algo: encryptionKeyAlgorithm, publicKey: '5a'.repeat(32) },
    { keyId: 'chain-1', algo: chainKeyAlgorithm, publicKey: '7b'.repeat(20) },
  ],
  tlsPublicKeys: [{ spkiSha256: 'c0'.repeat(32) }],
};

export const configuration: MeasuredConfiguration = {
  version: 1,
  chainId,
  channelsContract: contract,
  registryContract: asAddress(`0x${'4e'.repeat(20)}`),
  models: [model],
  chainView: 'operator_asserted',
  engine: 'llama',
};

export const requestBody: Uint8Array<ArrayBuffer> = encodeUtf8(
  '{"messages":[{"role":"user","content":"hi"}]}',
);
export const responseBody: Uint8Array<ArrayBuffer> = encodeUtf8('data: {"choices":[]}\n\ndata: [DONE]\n\n');

/** Not whole per token: rounding shows. */
export const price: ChargeEvent['price'] = {
  ownerPromptPerMTok: 1_500_000n,
  ownerCompletionPerMTok: 700_001n,
  hostPromptPerMTok: 400_000n,
  hostCompletionPerMTok: 2_999_999n,
};
export const usage: UsageEvent = { type: 'dcml.usage', promptTokens: 12, completionTokens: 30 };
export const charge: ChargeEvent = {
  type: 'dcml.charge',
  chainId,
  contract,
  channelId,
  price,
  authorizedWei: 1000n,
  requestOwnerWei: 39n,
  requestHostWei: 95n,
  chargedOwnerWei: 50n,
  chargedHostWei: 111n,
  promptTokensTotal: 17n,
  completionTokensTotal: 35n,
};

const bodyHash = (body: Uint8Array): ReturnType<typeof digestText> => digestText(sha256(body));

export function events(change: { charge?: ChargeEvent; usage?: UsageEvent } = {}): ReceiptEvent[] {
  return [
    { type: 'request.received', bodyHash: bodyHash(requestBody) },
    { type: 'request.forwarded', bodyHash: bodyHash(requestBody) },
    {
      type: 'dcml.model',
      model,
      weights: [bodyHash(encodeUtf8('weights'))],
      tokenizer: null,
      chatTemplate: bodyHash(encodeUtf8('template')),
      configuration: null,
      quantization: 'Q4_K_M',
      adapter: null,
      engine: 'test 1.0',
    },
    change.usage ?? usage,
    change.charge ?? charge,
    { type: 'dcml.counter', bootId: '0b'.repeat(32), sequence: 7 },
    { type: 'dcml.platform', teeType: 'tdx', simulated: true },
    { type: 'dcml.completion', finish: 'complete' },
    { type: 'response.returned', bodyHash: bodyHash(responseBody) },
  ];
}

export function content(change: Partial<ReceiptContent> = {}): ReceiptContent {
  return {
    receiptId: 'rcpt-1',
    chatId: 'chatcmpl-1',
    model: 'demo',
    keysetDigest: keysetDigest(keyset),
    endpoint: '/v1/chat/completions',
    method: 'POST',
    servedAt,
    events: events(),
    keyId: 'receipt-1',
    ...change,
  };
}

export function signed(change: Partial<ReceiptContent> = {}): Promise<SignedReceipt> {
  return signReceipt(buildReceipt(content(change)), signer.sign);
}
