import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concatBytes, encodeUtf8, fromHex, toHex } from '@dcml/core';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { createTransport, KeyConfigMismatchError } from 'ehbp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createWebTransportCrypto,
  ehbpHeaders,
  encodeFrame,
  encodeKeyConfig,
  FrameDecoder,
  generateTransportKey,
  keyConfigMediaType,
  keyConfigPath,
  openRequest,
  sealRequest,
  type TransportKey,
  toUniformRefusal,
} from '../src/index.ts';
import { freshGuard, never, serverCrypto } from './fixtures.ts';

let server: Server;
let url: string;
let key: TransportKey;

/** An echo behind EHBP, as an enclave answers: in several frames. */
async function echo(request: IncomingMessage): Promise<{ nonceHex: string; frames: Uint8Array[] }> {
  const opened = await openRequest({
    crypto: serverCrypto,
    key,
    encapsulatedKeyHex: String(request.headers[ehbpHeaders.encapsulatedKey.toLowerCase()]),
    body: request,
    replayGuard: freshGuard(),
    signal: never,
  });
  const sealer = await opened.sealResponse();
  const half = opened.plaintext.length >> 1;
  const parts = [opened.plaintext.subarray(0, half), new Uint8Array(0), opened.plaintext.subarray(half)];
  return { nonceHex: sealer.nonceHex, frames: parts.map((part) => sealer.seal(part)) };
}

beforeAll(async () => {
  key = await generateTransportKey(serverCrypto);
  server = createServer((request, response) => {
    if (request.url === keyConfigPath) {
      response.setHeader('content-type', keyConfigMediaType).end(encodeKeyConfig(key.publicKey));
      return;
    }
    echo(request).then(
      ({ nonceHex, frames }) => {
        response.setHeader(ehbpHeaders.responseNonce, nonceHex);
        for (const frame of frames) response.write(frame);
        response.end();
      },
      (error: unknown) => {
        const { status, contentType, body } = toUniformRefusal(error);
        response.writeHead(status, { 'content-type': contentType }).end(body);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

describe('the unmodified npm client ehbp', () => {
  it('finds the key, sends a sealed request and reads the sealed answer', async () => {
    const transport = await createTransport(url);
    expect(await transport.getServerPublicKeyHex()).toBe(toHex(key.publicKey));
    const text = 'prompt '.repeat(20_000);
    const response = await transport.post(`${url}/v1/chat/completions`, text);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(text);
  });

  it('recognizes our refusal of a stale key', async () => {
    const transport = await createTransport(url);
    const current = key;
    key = await generateTransportKey(serverCrypto);
    try {
      await expect(transport.post(`${url}/v1/chat/completions`, 'x')).rejects.toThrow(KeyConfigMismatchError);
    } finally {
      key = current;
    }
  });
});

describe('@hpke/core as the other side', () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  const info = encodeUtf8('ehbp request').buffer;
  const plain = encodeUtf8('the same bytes on both sides');

  it('opens what our clients seal, with equal exports', async () => {
    const pair = await suite.kem.generateKeyPair();
    const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
    for (const crypto of [createWebTransportCrypto(), serverCrypto]) {
      const sealed = await sealRequest({ crypto, publicKey, body: plain });
      const context = await suite.createRecipientContext({
        recipientKey: pair,
        enc: fromHex(sealed.encapsulatedKeyHex).buffer,
        info,
      });
      const [frame] = new FrameDecoder(1000).push(sealed.body);
      expect(new Uint8Array(await context.open(new Uint8Array(frame!).buffer))).toEqual(plain);
      const credential = await context.export(encodeUtf8('dcml receipt credential').buffer, 32);
      expect(sealed.receiptCredential).toBe(toHex(new Uint8Array(credential)));
    }
  });

  it('seals what our server opens, in several frames', async () => {
    const recipientPublicKey = await suite.kem.deserializePublicKey(new Uint8Array(key.publicKey).buffer);
    const sender = await suite.createSenderContext({ recipientPublicKey, info });
    const frames = [
      await sender.seal(plain.buffer),
      await sender.seal(new ArrayBuffer(0)),
      await sender.seal(plain.buffer),
    ].map((ciphertext) => encodeFrame(new Uint8Array(ciphertext)));
    const opened = await openRequest({
      crypto: serverCrypto,
      key,
      encapsulatedKeyHex: toHex(new Uint8Array(sender.enc)),
      body: concatBytes(...frames),
      replayGuard: freshGuard(),
      signal: never,
    });
    expect(opened.plaintext).toEqual(concatBytes(plain, plain));
  });
});
