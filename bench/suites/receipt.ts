import { generateKeyPairSync, sign } from 'node:crypto';
import { asAddress, asChannelId, asModelHash, digestText, sha256, toHex } from '@dcml/core';
import {
  buildReceipt,
  keysetDigest,
  type Receipt,
  receiptKeyAlgorithm,
  signReceipt,
  verifyReceipt,
  type WorkloadKeyset,
} from '@dcml/receipt';
import type { Benchmark } from '../benchmark.ts';
import { cpuMicrosOf } from '../median.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const rawPublicKey = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
const keyset: WorkloadKeyset = {
  subject: null,
  notAfter: 2_000_000_000,
  receiptSigningKeys: [{ keyId: 'receipt-1', algo: receiptKeyAlgorithm, publicKey: toHex(rawPublicKey) }],
  e2eePublicKeys: [],
  tlsPublicKeys: [],
};
const body = new Uint8Array(2000).fill(7);
const hash = digestText(sha256(body));
const model = asModelHash(`0x${'11'.repeat(32)}`);
const price = {
  ownerPromptPerMTok: 1_000_000n,
  ownerCompletionPerMTok: 1_000_000n,
  hostPromptPerMTok: 1_000_000n,
  hostCompletionPerMTok: 1_000_000n,
};

function issue(): Promise<{ readonly receipt: Receipt }> {
  const unsigned = buildReceipt({
    receiptId: 'rcpt-1',
    chatId: 'chatcmpl-1',
    model: 'm',
    keysetDigest: keysetDigest(keyset),
    endpoint: '/v1/chat/completions',
    method: 'POST',
    servedAt: 1_800_000_000,
    keyId: 'receipt-1',
    events: [
      { type: 'request.received', bodyHash: hash },
      { type: 'request.forwarded', bodyHash: hash },
      {
        type: 'dcml.model',
        model,
        weights: [hash],
        tokenizer: hash,
        chatTemplate: hash,
        configuration: hash,
        quantization: 'Q4_K_M',
        adapter: null,
        engine: 'bench',
      },
      { type: 'dcml.usage', promptTokens: 10, completionTokens: 20 },
      {
        type: 'dcml.charge',
        chainId: 1,
        contract: asAddress(`0x${'c0'.repeat(20)}`),
        channelId: asChannelId(`0x${'22'.repeat(32)}`),
        price,
        authorizedWei: 1000n,
        requestOwnerWei: 30n,
        requestHostWei: 30n,
        chargedOwnerWei: 30n,
        chargedHostWei: 30n,
        promptTokensTotal: 10n,
        completionTokensTotal: 20n,
      },
      { type: 'dcml.counter', bootId: '33'.repeat(32), sequence: 0 },
      { type: 'dcml.platform', teeType: 'tdx', simulated: true },
      { type: 'dcml.completion', finish: 'complete' },
      { type: 'response.returned', bodyHash: hash },
    ],
  });
  return signReceipt(unsigned, (message) => new Uint8Array(sign(null, message, privateKey)));
}

export const benchmark: Benchmark = {
  name: 'receipt',
  method:
    'CPU time to build and sign a receipt, and to verify it with all its checks; medians of 7 rounds of 200',
  run: async () => {
    const { receipt } = await issue();
    const expected = { requestBody: body, responseBody: body };
    const verdict = await verifyReceipt(receipt, { keyset, ...expected });
    if (verdict.claims.some((claim) => claim.outcome === 'fail'))
      throw new Error('the sample does not verify');
    const signing = await cpuMicrosOf(200, 7, issue);
    const verifying = await cpuMicrosOf(200, 7, () => verifyReceipt(receipt, { keyset, ...expected }));
    return [
      { name: 'receipt_sign', value: signing / 1000, unit: 'ms' },
      { name: 'receipt_verify', value: verifying / 1000, unit: 'ms' },
      { name: 'receipt_sign_and_verify', value: (signing + verifying) / 1000, unit: 'ms', atMost: 1 },
    ];
  },
};
