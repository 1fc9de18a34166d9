import { decodeChannelStatus } from '@dcml/channel';
import { asAddress, asChannelId, parseJson, systemRandom } from '@dcml/core';
import { parsePaymentRequired } from '@dcml/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DOMAIN,
  errorCode,
  openPaidChannel,
  sealChat,
  startTestEnclave,
  type TestEnclave,
  TestPayer,
} from './harness.ts';

let enclave: TestEnclave;
beforeEach(async () => {
  enclave = await startTestEnclave();
});
afterEach(() => enclave.close());

const request = { max_tokens: 8 };

describe('payments that are refused leave everything as it was (adversarial: voucher …)', () => {
  it.each([
    ['lower', (payer: TestPayer) => payer.voucher(53n), 'CHANNEL_VOUCHER_NOT_HIGHER'],
    ['equal, replayed', (payer: TestPayer) => payer.voucher(54n), 'CHANNEL_VOUCHER_NOT_HIGHER'],
    ['over the deposit', (payer: TestPayer) => payer.voucher(1_000_001n), 'CHANNEL_VOUCHER_OVER_DEPOSIT'],
    ['too small for the request', (payer: TestPayer) => payer.voucher(60n), 'CHANNEL_AUTHORIZATION'],
    [
      'of another channel',
      (payer: TestPayer) => payer.voucher(500n, DOMAIN, asChannelId(`0x${'11'.repeat(32)}`)),
      'CHANNEL_VOUCHER_SIGNATURE',
    ],
    [
      'of another signer',
      (payer: TestPayer) => payer.voucher(500n, DOMAIN, payer.channelId, systemRandom.bytes(32)),
      'CHANNEL_VOUCHER_SIGNATURE',
    ],
    [
      'of another chain',
      (payer: TestPayer) => payer.voucher(500n, { ...DOMAIN, chainId: 1 }),
      'ENCLAVE_PAYMENT_REQUIRED',
    ],
    [
      'of another contract',
      (payer: TestPayer) => payer.voucher(500n, { ...DOMAIN, contract: asAddress(`0x${'dd'.repeat(20)}`) }),
      'ENCLAVE_PAYMENT_REQUIRED',
    ],
    ['missing', () => null, 'ENCLAVE_PAYMENT_REQUIRED'],
  ])('%s', async (_name, voucher, code) => {
    const payer = await openPaidChannel(enclave);
    expect((await payer.chat(request, payer.voucher(54n))).status).toBe(200);
    const before = (await payer.request('status')).body.toString();
    const answer = await payer.chat(request, voucher(payer));
    expect(answer.status).toBe(402);
    expect(errorCode(answer)).toBe(code);
    expect((await payer.request('status')).body.toString()).toBe(before);
    expect(enclave.host.vouchers).toHaveLength(1);
    expect(enclave.engine.requests).toHaveLength(1);
  });

  it('says what would be enough', async () => {
    const payer = await openPaidChannel(enclave);
    const answer = await payer.chat(request, payer.voucher(1n));
    const demand = parsePaymentRequired(String(answer.headers['payment-required']));
    expect(demand.shortfall?.requiredMaxClaimableWei).toBe(54n);
    expect((await payer.chat(request, payer.voucher(54n))).status).toBe(200);
  });

  it('a channel that this instance does not serve', async () => {
    const payer = await TestPayer.open(enclave);
    const answer = await payer.chat(request, payer.voucher(54n));
    expect(errorCode(answer)).toBe('ENCLAVE_CHANNEL_UNKNOWN');
    const demand = parsePaymentRequired(String(answer.headers['payment-required']));
    expect(demand).toMatchObject({ price: null, shortfall: null, terms: { payTo: DOMAIN.contract } });
  });

  it('a host that is down: nothing served, nothing charged, and the voucher can be sent again', async () => {
    const payer = await openPaidChannel(enclave);
    enclave.host.down = true;
    const answer = await payer.chat(request, payer.voucher(54n));
    expect([answer.status, errorCode(answer)]).toEqual([503, 'ENCLAVE_HOST_UNREACHABLE']);
    expect(enclave.engine.requests.map((begun) => begun.signal.aborted)).toEqual([true]);
    const { charge, authorizedWei } = decodeChannelStatus(
      parseJson((await payer.request('status')).body.toString()),
    );
    expect([charge, authorizedWei]).toEqual([{ ownerWei: 0n, hostWei: 0n }, 0n]);
    enclave.host.down = false;
    expect((await payer.chat(request, payer.voucher(54n))).status).toBe(200);
  });
});

describe('opening a channel', () => {
  it.each([
    ['another enclave key', { enclaveKey: asAddress(`0x${'ee'.repeat(20)}`) }, 'ENCLAVE_CHANNEL_CONFIG'],
    ['another model', { model: `0x${'00'.repeat(32)}` as never }, 'ENCLAVE_CHANNEL_CONFIG'],
    ['a token', { token: asAddress(`0x${'ee'.repeat(20)}`) }, 'ENCLAVE_CHANNEL_CONFIG'],
    ['a guessed challenge', { challenge: `0x${'11'.repeat(32)}` as never }, 'ENCLAVE_CHALLENGE'],
  ])('refuses %s', async (_name, change, code) => {
    const payer = await TestPayer.open(enclave, change);
    expect(errorCode(await payer.register())).toBe(code);
  });

  it.each(['none', 'closing', 'closed'] as const)(
    'refuses a channel that the chain shows as %s',
    async (status) => {
      enclave.host.chain = { status, depositWei: status === 'closing' ? 5n : 0n };
      const payer = await TestPayer.open(enclave);
      expect(errorCode(await payer.register())).toBe('ENCLAVE_CHANNEL_NOT_OPEN');
      // The refusal used nothing up: once the chain shows it open, the same challenge opens it.
      enclave.host.chain = { status: 'open', depositWei: 5n };
      expect((await payer.register()).status).toBe(200);
    },
  );

  it('opens one channel for one challenge (adversarial: challenge reused)', async () => {
    const payer = await openPaidChannel(enclave);
    const other = await TestPayer.open(enclave, { challenge: payer.config.challenge });
    expect(errorCode(await other.register())).toBe('ENCLAVE_CHALLENGE');
    expect((await payer.register()).status).toBe(200);
  });

  it('reads no chain for a stranger who guesses a challenge', async () => {
    const payer = await TestPayer.open(enclave, { challenge: `0x${'11'.repeat(32)}` as never });
    expect(errorCode(await payer.register())).toBe('ENCLAVE_CHALLENGE');
    expect(enclave.host.chainReads).toBe(0);
  });

  it('closes and shows a channel to its payer only', async () => {
    const payer = await openPaidChannel(enclave);
    const stranger = systemRandom.bytes(32);
    expect(errorCode(await payer.request('close', stranger))).toBe('CHANNEL_SIGNATURE');
    expect(errorCode(await payer.request('status', stranger))).toBe('CHANNEL_SIGNATURE');
    enclave.clock.nowMs -= 120_000;
    const expired = payer.request('close');
    enclave.clock.nowMs += 120_000;
    expect(errorCode(await expired)).toBe('CHANNEL_EXPIRED');
  });

  it('answers a close that the payer began on chain, and no other', async () => {
    const payer = await openPaidChannel(enclave);
    const path = `/v1/dcml/channels/${payer.channelId}/answer`;
    expect(errorCode(await enclave.send({ path, body: '{}' }))).toBe('ENCLAVE_CHANNEL_NOT_OPEN');
    enclave.host.chain = { status: 'closing', depositWei: 1_000_000n };
    expect((await enclave.send({ path, body: '{}' })).status).toBe(200);
    const status = decodeChannelStatus(parseJson((await payer.request('status')).body.toString()));
    expect(status.status).toBe('closed');
  });
});

describe('bad input', () => {
  it.each([
    ['malformed JSON', '{"model":', 400, 'CORE_JSON'],
    ['duplicate keys', '{"model":"fake-model","model":"fake-model"}', 400, 'CORE_JSON'],
    ['a list', '[]', 400, 'ENCLAVE_BODY'],
    ['no body', '', 400, 'ENCLAVE_BODY'],
    ['an unknown model', '{"model":"gpt-4","messages":[]}', 404, 'ENCLAVE_MODEL_UNKNOWN'],
    ['no model', '{"messages":[]}', 404, 'ENCLAVE_MODEL_UNKNOWN'],
    ['what the engine refuses', '{"model":"fake-model"}', 400, 'ENGINE_REQUEST'],
  ])('%s', async (_name, body, status, code) => {
    const payer = await openPaidChannel(enclave);
    const headers = { 'PAYMENT-SIGNATURE': payer.voucher(54n) };
    const answer = await enclave.send({ path: '/v1/chat/completions', method: 'POST', headers, body });
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    expect(enclave.host.vouchers).toHaveLength(0);
  });

  it('a body over the limit', async () => {
    const body = Buffer.alloc((16 << 20) + 1, 32);
    const answer = await enclave.send({ path: '/v1/chat/completions', body });
    expect([answer.status, errorCode(answer)]).toEqual([413, 'ENCLAVE_BODY_TOO_LARGE']);
  });

  it('paths, methods and nonces', async () => {
    expect(errorCode(await enclave.send({ path: '/nothing' }))).toBe('ENCLAVE_NOT_FOUND');
    expect(errorCode(await enclave.send({ path: '/v1/models', body: '{}' }))).toBe('ENCLAVE_METHOD');
    expect(errorCode(await enclave.send({ path: '/v1/aci/attestation?nonce=12' }))).toBe('ENCLAVE_NONCE');
    expect(errorCode(await enclave.send({ path: '/v1/aci/receipts/none' }))).toBe('ENCLAVE_NOT_FOUND');
  });

  it('answers all sealed bodies that do not open alike (no oracle)', async () => {
    const answers = [];
    for (const flip of [0, 4, 40]) {
      const sealed = await sealChat(enclave, request);
      const body = Buffer.from(sealed.body);
      if (flip > 0) body[flip]! ^= 1;
      const key = flip === 0 ? 'ff'.repeat(32) : sealed.encapsulatedKeyHex;
      const headers = { 'Ehbp-Encapsulated-Key': key };
      const answer = await enclave.send({ path: '/v1/chat/completions', headers, body });
      answers.push([answer.status, answer.body.toString()]);
    }
    expect(new Set(answers.map(String)).size).toBe(1);
    expect(answers[0]?.[0]).toBe(422);
  });

  it('an expired keyset and an enclave that stops', async () => {
    enclave.clock.nowMs += 3_600_000;
    expect(errorCode(await enclave.send({ path: '/v1/aci/attestation' }))).toBe('ENCLAVE_KEYSET_EXPIRED');
    enclave.clock.nowMs -= 3_600_000;
    enclave.stop.abort(new Error('stop'));
    expect(errorCode(await enclave.send({ path: '/v1/aci/attestation' }))).toBe('ENCLAVE_STOPPING');
  });
});
