import { once } from 'node:events';
import tls from 'node:tls';
import { createChannelDigests, ZERO_ADDRESS } from '@dcml/channel';
import { nativeSecp256k1 } from '@dcml/channel/native';
import { createMemoryClientStore, openSession, type Session, type SessionOptions } from '@dcml/client';
import { createNodePlatform } from '@dcml/client/node';
import { fromPrefixedHex, toHex } from '@dcml/core';
import { findEvent, parseReceipt } from '@dcml/receipt';
import { createReceiptStreamReader, encodePaymentSignature } from '@dcml/transport';
import { Transport } from 'ehbp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalMarket, startLocalMarket } from './local-market.ts';

let market: LocalMarket;
let session: Session;
let options: SessionOptions;
const stop = new AbortController();

beforeAll(async () => {
  market = await startLocalMarket();
  options = {
    store: createMemoryClientStore(),
    chain: market.chain.as('payer'),
    platform: createNodePlatform(),
    hostUrl: market.host.url,
    model: market.model,
    policy: market.policy,
    autoOpen: { depositWei: 10n ** 15n },
  };
  session = await openSession(options, stop.signal);
});
afterAll(async () => {
  session.close();
  stop.abort();
  await market.close();
});

/** Trusts the enclave's own certificate, as a client does that knows it from the report. */
async function trustCertificate(port: number): Promise<void> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  tls.setDefaultCACertificates([String(certificate)]);
}

async function payment(maxClaimableWei: bigint): Promise<string> {
  const { channelId, domain, sessionKey } = await session.channel(stop.signal);
  const digest = createChannelDigests(domain).voucher({ channelId, maxClaimableWei });
  return encodePaymentSignature({
    terms: {
      chainId: domain.chainId,
      amountWei: maxClaimableWei,
      asset: ZERO_ADDRESS,
      payTo: domain.contract,
      maxTimeoutSeconds: 60,
    },
    channelId,
    maxClaimableWei,
    signature: nativeSecp256k1.sign(digest, fromPrefixedHex(sessionKey)),
  });
}

describe('the unmodified ehbp package', () => {
  it('gets sealed answers, buffered and streamed, with our receipt inside', async () => {
    const url = `https://localhost:${new URL((await session.connection()).enclaveUrl).port}`;
    await trustCertificate(Number(new URL(url).port));
    const transport = await Transport.create(url);
    expect(await transport.getServerPublicKeyHex()).toBe(toHex((await session.connection()).encryptionKey));
    const body = { model: 'tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 6 };
    const send = async (amountWei: bigint, more: object): Promise<Response> =>
      transport.post(`${url}/v1/chat/completions`, JSON.stringify({ ...body, ...more }), {
        headers: { 'content-type': 'application/json', 'PAYMENT-SIGNATURE': await payment(amountWei) },
      });

    const buffered = await send(10_000n, {});
    expect(buffered.status).toBe(200);
    const answer = (await buffered.json()) as { usage: { completion_tokens: number } };
    expect(answer.usage.completion_tokens).toBeGreaterThan(0);

    const streamed = await send(20_000n, { stream: true });
    const reader = createReceiptStreamReader();
    reader.push(new Uint8Array(await streamed.arrayBuffer()));
    const receipt = parseReceipt(Buffer.from(reader.finish().receipt).toString());
    expect(findEvent(receipt, 'dcml.charge')?.authorizedWei).toBe(20_000n);
  });

  it('gets sealed errors too, once its body could be opened', async () => {
    const url = `https://localhost:${new URL((await session.connection()).enclaveUrl).port}`;
    const transport = await Transport.create(url);
    const response = await transport.post(`${url}/v1/chat/completions`, JSON.stringify({ model: 'tiny' }));
    expect(response.status).toBe(402);
    const { error } = (await response.json()) as { error: { code: string } };
    expect(error.code).toBe('ENCLAVE_PAYMENT_REQUIRED');
  });
});
