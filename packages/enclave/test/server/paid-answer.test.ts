import { createHash } from 'node:crypto';
import { assertCloseApproval, decodeChannelStatus } from '@dcml/channel';
import { nativeSecp256k1 } from '@dcml/channel/native';
import { fromBase64Url, parseJson } from '@dcml/core';
import { findEvent, parseReceipt, type Receipt } from '@dcml/receipt';
import { createReceiptStreamReader, parsePaymentResponse } from '@dcml/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  digests,
  errorCode,
  openPaidChannel,
  sealChat,
  startTestEnclave,
  type TestEnclave,
} from './harness.ts';

let enclave: TestEnclave;
beforeEach(async () => {
  enclave = await startTestEnclave();
});
afterEach(() => enclave.close());

const streamed = { stream: true, max_tokens: 8 };

function streamReceipt(answer: Answer): Receipt {
  const reader = createReceiptStreamReader();
  reader.push(answer.body);
  return parseReceipt(Buffer.from(reader.finish().receipt).toString());
}

describe('a paid answer', () => {
  it('streams, charges what was delivered, and ends with a receipt over the exact bytes', async () => {
    const payer = await openPaidChannel(enclave);
    const answer = await payer.chat(streamed, payer.voucher(54n));
    expect(answer.status).toBe(200);
    expect(answer.cut).toBe(false);
    const receipt = streamReceipt(answer);
    const end = answer.body.indexOf(': dcml-receipt');
    const hash = createHash('sha256').update(answer.body.subarray(0, end)).digest('hex');
    expect(findEvent(receipt, 'response.returned')?.bodyHash).toBe(`sha256:${hash}`);
    // 10 prompt and 5 completion tokens at 1 wei for the owner and 2 wei for the host.
    expect(findEvent(receipt, 'dcml.charge')).toMatchObject({
      requestOwnerWei: 15n,
      requestHostWei: 30n,
      chargedOwnerWei: 15n,
      chargedHostWei: 30n,
      authorizedWei: 54n,
    });
    expect(findEvent(receipt, 'dcml.platform')?.simulated).toBe(true);
    expect(parsePaymentResponse(String(answer.headers['payment-response'])).authorizedWei).toBe(54n);
    expect(enclave.host.vouchers.map((voucher) => voucher.maxClaimableWei)).toEqual([54n]);
  });

  it('buffers, with the receipt in a header', async () => {
    const payer = await openPaidChannel(enclave);
    const answer = await payer.chat({ max_tokens: 8 }, payer.voucher(54n));
    const receipt = parseReceipt(
      Buffer.from(fromBase64Url(String(answer.headers['dcml-receipt']))).toString(),
    );
    const hash = createHash('sha256').update(answer.body).digest('hex');
    expect(findEvent(receipt, 'response.returned')?.bodyHash).toBe(`sha256:${hash}`);
    expect(findEvent(receipt, 'dcml.usage')).toMatchObject({ promptTokens: 10, completionTokens: 5 });
  });

  it('limits an answer without max_tokens to what is authorized', async () => {
    const payer = await openPaidChannel(enclave);
    enclave.engine.tokens = 900;
    const answer = await payer.chat({ stream: true }, payer.voucher(30n + 3n * 7n));
    expect(findEvent(streamReceipt(answer), 'dcml.usage')?.completionTokens).toBe(7);
  });

  it('counts receipts of a boot without a gap', async () => {
    const payer = await openPaidChannel(enclave);
    const sequences = [];
    for (const amount of [54n, 200n, 300n]) {
      const answer = await payer.chat(streamed, payer.voucher(amount));
      sequences.push(findEvent(streamReceipt(answer), 'dcml.counter')?.sequence);
    }
    expect(sequences).toEqual([0, 1, 2]);
  });

  it('seals both ways, and serves a sealed request once (adversarial: same sealed request twice)', async () => {
    const payer = await openPaidChannel(enclave);
    const sealed = await sealChat(enclave, streamed);
    const send = (amount: bigint): Promise<Answer> =>
      enclave.send({
        path: '/v1/chat/completions',
        headers: {
          'Ehbp-Encapsulated-Key': sealed.encapsulatedKeyHex,
          'PAYMENT-SIGNATURE': payer.voucher(amount),
        },
        body: sealed.body,
      });
    const answer = await send(54n);
    const nonce = String(answer.headers['ehbp-response-nonce']);
    expect(answer.body.includes('choices')).toBe(false);
    const parts: Uint8Array[] = [];
    for await (const part of sealed.openResponse(nonce, answer.body, { signal: AbortSignal.timeout(5000) })) {
      parts.push(part);
    }
    const receipt = streamReceipt({ ...answer, body: Buffer.concat(parts) });
    expect(findEvent(receipt, 'dcml.usage')?.completionTokens).toBe(5);

    const again = await send(500n);
    expect(again.status).toBe(409);
    expect(enclave.engine.requests).toHaveLength(1);
    expect(enclave.host.vouchers).toHaveLength(1);

    const path = `/v1/aci/receipts/${receipt.receiptId}`;
    expect(errorCode(await enclave.send({ path }))).toBe('ENCLAVE_UNAUTHORIZED');
    const authorization = `Bearer ${sealed.receiptCredential}`;
    expect((await enclave.send({ path, headers: { authorization } })).status).toBe(200);
  });

  it('closes with an approval of exactly the charge, again and again', async () => {
    const payer = await openPaidChannel(enclave);
    await payer.chat(streamed, payer.voucher(54n));
    const approval = await payer.closed();
    expect(approval.charge).toEqual({ ownerWei: 15n, hostWei: 30n });
    assertCloseApproval(digests, nativeSecp256k1, payer.config, approval);
    expect(await payer.closed()).toEqual(approval);
    expect(enclave.host.approvals.length).toBeGreaterThan(0);
    expect(errorCode(await payer.chat(streamed, payer.voucher(500n)))).toBe('CHANNEL_CLOSED');
    const status = decodeChannelStatus(parseJson((await payer.request('status')).body.toString()));
    expect(status.status).toBe('closed');
  });

  it('lists its one model', async () => {
    const list = JSON.parse((await enclave.send({ path: '/v1/models' })).body.toString());
    expect(list.data[0]).toMatchObject({ id: 'fake-model', dcml: { context_tokens: 1000 } });
  });
});
