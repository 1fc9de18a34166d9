import { asChannelId, canonicalizeJson, parseJson } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelLedger } from '../src/ledger/channel-ledger.ts';
import { maxPromptTokensOf, newPayerState, PayerLedger } from '../src/payer-ledger.ts';
import { PreparedSigner } from '../src/prepared-signer.ts';
import { totalWei } from '../src/pricing.ts';
import type { ChannelStatus, PriceTerms } from '../src/types.ts';
import { decodePayerState, encodePayerState } from '../src/wire/payer-state-codec.ts';
import { channelId, config, digests, payerKey, secp, wholePrice } from './channel-fixtures.ts';

// At wholePrice a prompt token costs 4 wei and a completion token 6 wei.
const hundredWei = { maxPromptTokens: 10, maxCompletionTokens: 10 };
const fullUsage = { promptTokens: 10n, completionTokens: 10n };
const fullCharge = { ownerWei: 30n, hostWei: 70n };
const overcharged = expect.objectContaining({ code: 'CHANNEL_OVERCHARGED' });
const payer = (depositWei = 1000n, price: PriceTerms = wholePrice): PayerLedger =>
  new PayerLedger(price, newPayerState(channelId, depositWei));

describe('nextVoucher', () => {
  it('covers what is charged, what is in flight, and this request', () => {
    const ledger = payer();
    const first = ledger.nextVoucher(hundredWei);
    expect(first.voucher).toEqual({ channelId, maxClaimableWei: 100n });
    expect(ledger.nextVoucher(hundredWei).voucher?.maxClaimableWei).toBe(200n);
    ledger.settle(first.requestId, { usage: fullUsage, charge: fullCharge });
    expect(ledger.chargedWei).toBe(100n);
    expect(ledger.nextVoucher(hundredWei).voucher?.maxClaimableWei).toBe(300n);
  });

  it('is always higher than before, by one wei where earlier vouchers cover the request', () => {
    const ledger = payer();
    const { requestId } = ledger.nextVoucher(hundredWei);
    ledger.release(requestId);
    expect(ledger.nextVoucher(hundredWei).voucher?.maxClaimableWei).toBe(101n);
  });

  it('stops at the deposit, and sends none once the whole deposit is signed', () => {
    const ledger = payer(150n);
    ledger.nextVoucher(hundredWei);
    expect(ledger.nextVoucher(hundredWei).voucher?.maxClaimableWei).toBe(150n);
    expect(ledger.nextVoucher(hundredWei).voucher).toBeNull();
  });

  it('returns the state to store before the voucher leaves, so that a crash never signs lower again', () => {
    const ledger = payer();
    const { state, voucher } = ledger.nextVoucher(hundredWei);
    expect(state.authorizedWei).toBe(voucher?.maxClaimableWei);
    const restored = decodePayerState(parseJson(canonicalizeJson(encodePayerState(state))));
    expect(restored).toEqual(state);
    const next = new PayerLedger(wholePrice, restored).nextVoucher(hundredWei);
    expect(next.voucher?.maxClaimableWei).toBe(200n);
    expect(next.requestId).toBe(2);
  });

  it('refuses counts that are none (CHANNEL_RANGE)', () => {
    const range = expect.objectContaining({ code: 'CHANNEL_RANGE' });
    expect(() => payer().nextVoucher({ maxPromptTokens: -1, maxCompletionTokens: 1 })).toThrow(range);
    expect(() => payer().nextVoucher({ maxPromptTokens: 1, maxCompletionTokens: 0.5 })).toThrow(range);
    expect(() => newPayerState(channelId, -1n)).toThrow(range);
  });

  it('bounds prompt tokens by bytes', () => {
    expect(maxPromptTokensOf(1000)).toBe(1064);
    expect(maxPromptTokensOf(1000, 500)).toBe(1500);
  });
});

describe('settle', () => {
  it('accepts the price of the usage, and one wei of rounding for each receiver', () => {
    const price = { ...wholePrice, ownerPromptPerMTok: 1_500_000n };
    const usage = { promptTokens: 1n, completionTokens: 0n };
    for (const ownerWei of [1n, 2n]) {
      const ledger = payer(1000n, price);
      const { requestId } = ledger.nextVoucher(hundredWei);
      ledger.settle(requestId, { usage, charge: { ownerWei, hostWei: 3n } });
      expect(ledger.state.inFlight).toEqual({});
    }
  });

  it.each([
    [
      'more prompt tokens than the maximum',
      { promptTokens: 11n, completionTokens: 0n },
      { ownerWei: 11n, hostWei: 33n },
    ],
    ['more completion tokens', { promptTokens: 0n, completionTokens: 11n }, { ownerWei: 22n, hostWei: 44n }],
    ['negative usage', { promptTokens: -1n, completionTokens: 0n }, { ownerWei: -1n, hostWei: -3n }],
    ['a higher owner charge', fullUsage, { ownerWei: 32n, hostWei: 70n }],
    ['a higher host charge', fullUsage, { ownerWei: 30n, hostWei: 72n }],
    ['a lower charge, which hides later ones', fullUsage, { ownerWei: 29n, hostWei: 70n }],
  ])('refuses %s (CHANNEL_OVERCHARGED)', (_, usage, charge) => {
    const ledger = payer();
    const { requestId, state } = ledger.nextVoucher(hundredWei);
    expect(() => ledger.settle(requestId, { usage, charge })).toThrow(overcharged);
    expect(ledger.state).toEqual(state);
  });

  it('books each request once (CHANNEL_ORDER)', () => {
    const ledger = payer();
    const { requestId } = ledger.nextVoucher(hundredWei);
    ledger.settle(requestId, { usage: fullUsage, charge: fullCharge });
    const order = expect.objectContaining({ code: 'CHANNEL_ORDER' });
    expect(() => ledger.settle(requestId, { usage: fullUsage, charge: fullCharge })).toThrow(order);
    expect(() => ledger.release(requestId)).toThrow(order);
  });
});

describe('resync', () => {
  const status: ChannelStatus = {
    channelId,
    status: 'open',
    depositWei: 1000n,
    authorizedWei: 100n,
    charge: fullCharge,
    usage: fullUsage,
    inFlight: 0,
  };
  const afterOneRequest = (): PayerLedger => {
    const ledger = payer();
    ledger.nextVoucher(hundredWei);
    return ledger;
  };

  it('takes over usage whose receipt was lost, and what was never delivered', () => {
    const ledger = afterOneRequest();
    ledger.resync(status);
    expect(ledger.chargedWei).toBe(100n);
    expect(ledger.state.inFlight).toEqual({});
    const idle = afterOneRequest();
    idle.resync({
      ...status,
      authorizedWei: 0n,
      charge: { ownerWei: 0n, hostWei: 0n },
      usage: { promptTokens: 0n, completionTokens: 0n },
    });
    expect(idle.chargedWei).toBe(0n);
    expect(idle.nextVoucher(hundredWei).voucher?.maxClaimableWei).toBe(101n);
  });

  it.each<[string, Partial<ChannelStatus>]>([
    ['claims a voucher that was never signed', { authorizedWei: 101n }],
    ['charges more than it says is authorized', { authorizedWei: 99n }],
    ['charges other than its usage costs', { charge: { ownerWei: 29n, hostWei: 70n } }],
    ['moves money between owner and host', { charge: { ownerWei: 31n, hostWei: 69n } }],
    ['names another deposit', { depositWei: 999n }],
    ['is about another channel', { channelId: asChannelId(`0x${'77'.repeat(32)}`) }],
    [
      'used more than was asked for',
      { usage: { promptTokens: 13n, completionTokens: 8n }, charge: { ownerWei: 29n, hostWei: 71n } },
    ],
  ])('refuses a status that %s (CHANNEL_OVERCHARGED)', (_, change) => {
    const ledger = afterOneRequest();
    const before = ledger.state;
    expect(() => ledger.resync({ ...status, ...change })).toThrow(overcharged);
    expect(ledger.state).toEqual(before);
  });

  it('refuses a status that forgets what receipts proved (CHANNEL_OVERCHARGED)', () => {
    const ledger = afterOneRequest();
    ledger.settle(1, { usage: fullUsage, charge: fullCharge });
    const nothing = {
      charge: { ownerWei: 0n, hostWei: 0n },
      usage: { promptTokens: 0n, completionTokens: 0n },
    };
    expect(() => ledger.resync({ ...status, ...nothing })).toThrow(overcharged);
  });

  it('waits while the enclave still works (CHANNEL_IN_FLIGHT)', () => {
    const ledger = afterOneRequest();
    expect(() => ledger.resync({ ...status, inFlight: 1 })).toThrow(
      expect.objectContaining({ code: 'CHANNEL_IN_FLIGHT' }),
    );
  });
});

it('the enclave admits whatever the payer signs while the deposit lasts, and both agree on the charge', () => {
  const part = fc.bigInt({ min: 0n, max: 5_000_000n });
  const price = fc.record({
    ownerPromptPerMTok: part,
    ownerCompletionPerMTok: part,
    hostPromptPerMTok: part,
    hostCompletionPerMTok: part,
  });
  const request = fc.record({
    maxPromptTokens: fc.nat(50),
    maxCompletionTokens: fc.nat(50),
    promptShare: fc.nat(100),
    completionShare: fc.nat(100),
    outcome: fc.constantFrom<'settled' | 'lost'>('settled', 'settled', 'settled', 'lost'),
    parallel: fc.boolean(),
  });
  fc.assert(
    fc.property(price, fc.array(request, { maxLength: 12 }), (terms, requests) => {
      const priced = { ...config, price: terms };
      const depositWei = 1_000_000n;
      const enclave = new ChannelLedger({ config: priced, depositWei, digests, secp256k1: secp });
      const signer = new PreparedSigner(digests, secp, payerKey, enclave.channelId);
      const client = new PayerLedger(terms, newPayerState(enclave.channelId, depositWei));
      const running: (() => void)[] = [];
      for (const {
        maxPromptTokens,
        maxCompletionTokens,
        promptShare,
        completionShare,
        outcome,
        parallel,
      } of requests) {
        const plan = client.nextVoucher({ maxPromptTokens, maxCompletionTokens });
        const promptTokens = Math.floor((maxPromptTokens * promptShare) / 100);
        const preparation = enclave.prepare({
          voucher: plan.voucher === null ? null : signer.voucher(plan.voucher.maxClaimableWei),
          promptTokens: maxPromptTokens,
          requestedCompletionTokens: maxCompletionTokens,
          availableCompletionTokens: 1000,
        });
        if (!preparation.admitted) throw new Error(preparation.refusal.code);
        const { reservationId, maxCompletionTokens: granted } = preparation.admission;
        enclave.commit(reservationId);
        running.push(() => {
          const completionTokens = Math.floor((granted * completionShare) / 100);
          enclave.deliver(reservationId, { promptTokens, completionTokens });
          const charge = enclave.finish(reservationId);
          if (outcome === 'lost') return;
          const usage = { promptTokens: BigInt(promptTokens), completionTokens: BigInt(completionTokens) };
          client.settle(plan.requestId, { usage, charge });
        });
        if (!parallel) for (const finish of running.splice(0)) finish();
      }
      for (const finish of running) finish();
      client.resync(enclave.status());
      expect(client.chargedWei).toBe(totalWei(enclave.charge));
      expect(client.state.authorizedWei).toBe(enclave.authorizedWei);
    }),
    { numRuns: 60 },
  );
});
