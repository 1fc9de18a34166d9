import { asAddress, asChannelId } from '@dcml/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createChannelDigests } from '../src/digests.ts';
import { type AdmissionRequest, admissionError, type Preparation } from '../src/ledger/admission.ts';
import { ChannelLedger } from '../src/ledger/channel-ledger.ts';
import { PreparedSigner } from '../src/prepared-signer.ts';
import { totalWei } from '../src/pricing.ts';
import type { Signature, SignedVoucher } from '../src/types.ts';
import {
  channelId,
  config,
  digests,
  domain,
  payerKey,
  secp,
  signer,
  strangerKey,
} from './channel-fixtures.ts';

// At wholePrice a prompt token costs 4 wei and a completion token 6 wei.
const DEPOSIT = 10_000n;
let ledger: ChannelLedger;

beforeEach(() => {
  ledger = new ChannelLedger({ config, depositWei: DEPOSIT, digests, secp256k1: secp });
});

function prepare(over: Partial<AdmissionRequest>): Preparation {
  return ledger.prepare({
    voucher: null,
    promptTokens: 10,
    requestedCompletionTokens: 10,
    availableCompletionTokens: 1000,
    ...over,
  });
}

function admit(over: Partial<AdmissionRequest>): { id: number; max: number } {
  const preparation = prepare(over);
  if (!preparation.admitted) throw new Error(preparation.refusal.code);
  ledger.commit(preparation.admission.reservationId);
  return { id: preparation.admission.reservationId, max: preparation.admission.maxCompletionTokens };
}

/** The request is refused with this code and leaves no trace. */
function expectRefused(over: Partial<AdmissionRequest>, code: string): Preparation {
  const before = ledger.status();
  const preparation = prepare(over);
  expect(preparation).toMatchObject({ admitted: false, refusal: { code } });
  expect(ledger.status()).toEqual(before);
  return preparation;
}

describe('admission', () => {
  it('admits exactly what the voucher covers: 10 prompt and 10 completion tokens are 100 wei', () => {
    expectRefused({ voucher: signer.voucher(99n) }, 'CHANNEL_AUTHORIZATION');
    const { id, max } = admit({ voucher: signer.voucher(100n) });
    expect(max).toBe(10);
    ledger.deliver(id, { promptTokens: 10, completionTokens: 10 });
    expect(ledger.finish(id)).toEqual({ ownerWei: 30n, hostWei: 70n });
    expect(ledger.status()).toEqual({
      channelId,
      status: 'open',
      depositWei: DEPOSIT,
      authorizedWei: 100n,
      charge: { ownerWei: 30n, hostWei: 70n },
      usage: { promptTokens: 10n, completionTokens: 10n },
      inFlight: 0,
    });
  });

  it('says what is missing, to the payer only', () => {
    admit({ voucher: signer.voucher(100n) });
    const refused = expectRefused({}, 'CHANNEL_AUTHORIZATION');
    const figures = {
      authorizedWei: 100n,
      chargedWei: 0n,
      reservedWei: 100n,
      depositWei: DEPOSIT,
      requiredMaxClaimableWei: 200n,
    };
    expect(refused).toMatchObject({ refusal: { figures } });
    if (refused.admitted) return;
    expect(admissionError(refused.refusal)).toMatchObject({
      code: 'CHANNEL_AUTHORIZATION',
      httpStatus: 402,
      details: {
        authorized: '100',
        charged: '0',
        reserved: '100',
        deposit: '10000',
        required_max_claimable: '200',
      },
    });
    // The voucher that was asked for is admitted; one wei less is not.
    expectRefused({ voucher: signer.voucher(199n) }, 'CHANNEL_AUTHORIZATION');
    admit({ voucher: signer.voucher(200n) });
  });

  it('a request without a voucher rides on what earlier ones still cover', () => {
    const first = admit({ voucher: signer.voucher(150n) });
    ledger.deliver(first.id, { promptTokens: 10, completionTokens: 1 });
    ledger.finish(first.id);
    expectRefused({ requestedCompletionTokens: 11 }, 'CHANNEL_AUTHORIZATION');
    expect(admit({ requestedCompletionTokens: 10 }).max).toBe(10);
  });

  it('an unnamed limit becomes what the authorization leaves room for, at least one token', () => {
    expectRefused({ voucher: signer.voucher(45n), requestedCompletionTokens: null }, 'CHANNEL_AUTHORIZATION');
    expect(admit({ voucher: signer.voucher(46n), requestedCompletionTokens: null }).max).toBe(1);
    expect(admit({ voucher: signer.voucher(163n), requestedCompletionTokens: null }).max).toBe(12);
    expect(
      admit({ voucher: signer.voucher(9000n), requestedCompletionTokens: null, availableCompletionTokens: 5 })
        .max,
    ).toBe(5);
  });

  it('reserves no more than the context leaves room for, and nothing for embeddings', () => {
    const voucher = signer.voucher(9000n);
    expect(admit({ voucher, requestedCompletionTokens: 500, availableCompletionTokens: 3 }).max).toBe(3);
    expect(admit({ requestedCompletionTokens: 0, availableCompletionTokens: 0 }).max).toBe(0);
    expect(admit({ requestedCompletionTokens: null, availableCompletionTokens: 0 }).max).toBe(0);
  });

  it('what the deposit cannot cover is refused as such (CHANNEL_DEPOSIT)', () => {
    expectRefused(
      { voucher: signer.voucher(DEPOSIT), requestedCompletionTokens: 9000, availableCompletionTokens: 9000 },
      'CHANNEL_DEPOSIT',
    );
    admit({
      voucher: signer.voucher(DEPOSIT),
      requestedCompletionTokens: 1660,
      availableCompletionTokens: 9000,
    });
    expectRefused({}, 'CHANNEL_DEPOSIT');
  });

  it.each([-1, 0.5, Number.NaN])('token count %s is a bug of the caller (CHANNEL_ORDER)', (count) => {
    const order = expect.objectContaining({ code: 'CHANNEL_ORDER' });
    expect(() => prepare({ promptTokens: count })).toThrow(order);
    expect(() => prepare({ requestedCompletionTokens: count })).toThrow(order);
    expect(() => prepare({ availableCompletionTokens: count })).toThrow(order);
  });
});

describe('adversarial, money: a voucher that is refused changes nothing', () => {
  const accepted = 500n;
  beforeEach(() => {
    const { id } = admit({ voucher: signer.voucher(accepted) });
    ledger.finish(id);
  });
  const foreign = (other: PreparedSigner): SignedVoucher => ({ ...other.voucher(600n), channelId });

  it('lower', () => {
    expectRefused({ voucher: signer.voucher(accepted - 1n) }, 'CHANNEL_VOUCHER_NOT_HIGHER');
  });
  it('equal', () => {
    expectRefused({ voucher: signer.voucher(accepted) }, 'CHANNEL_VOUCHER_NOT_HIGHER');
  });
  it('replayed', () => {
    const voucher = signer.voucher(600n);
    admit({ voucher });
    expectRefused({ voucher }, 'CHANNEL_VOUCHER_NOT_HIGHER');
  });
  it('over the deposit', () => {
    expectRefused({ voucher: signer.voucher(DEPOSIT + 1n) }, 'CHANNEL_VOUCHER_OVER_DEPOSIT');
    expectRefused({ voucher: signer.voucher((1n << 128n) - 1n) }, 'CHANNEL_VOUCHER_OVER_DEPOSIT');
  });
  it('an amount that no uint128 holds is refused before it is hashed', () => {
    for (const maxClaimableWei of [-1n, 1n << 128n]) {
      expectRefused(
        { voucher: { ...signer.voucher(600n), maxClaimableWei } },
        'CHANNEL_VOUCHER_OVER_DEPOSIT',
      );
    }
  });
  it('of another channel', () => {
    const other = asChannelId(`0x${'77'.repeat(32)}`);
    const stranger = new PreparedSigner(digests, secp, payerKey, other);
    expectRefused({ voucher: stranger.voucher(600n) }, 'CHANNEL_VOUCHER_FOREIGN');
    expectRefused({ voucher: foreign(stranger) }, 'CHANNEL_VOUCHER_SIGNATURE');
  });
  it('of another chain', () => {
    const elsewhere = createChannelDigests({ ...domain, chainId: 1 });
    expectRefused(
      { voucher: foreign(new PreparedSigner(elsewhere, secp, payerKey, channelId)) },
      'CHANNEL_VOUCHER_SIGNATURE',
    );
  });
  it('of another contract', () => {
    const elsewhere = createChannelDigests({ ...domain, contract: asAddress(`0x${'99'.repeat(20)}`) });
    expectRefused(
      { voucher: foreign(new PreparedSigner(elsewhere, secp, payerKey, channelId)) },
      'CHANNEL_VOUCHER_SIGNATURE',
    );
  });
  it('of another signer', () => {
    expectRefused(
      { voucher: foreign(new PreparedSigner(digests, secp, strangerKey, channelId)) },
      'CHANNEL_VOUCHER_SIGNATURE',
    );
  });
  it('of another signer when it is the first voucher of the channel', () => {
    ledger = new ChannelLedger({ config, depositWei: DEPOSIT, digests, secp256k1: secp });
    expectRefused(
      { voucher: foreign(new PreparedSigner(digests, secp, strangerKey, channelId)) },
      'CHANNEL_VOUCHER_SIGNATURE',
    );
    admit({ voucher: signer.voucher(600n) });
  });
  it('with the signature of another amount', () => {
    expectRefused(
      { voucher: { ...signer.voucher(600n), maxClaimableWei: 601n } },
      'CHANNEL_VOUCHER_SIGNATURE',
    );
  });
  it('with v flipped, which the contract would not accept', () => {
    const { signature } = signer.voucher(600n);
    const flipped = `${signature.slice(0, 130)}${signature.endsWith('1b') ? '1c' : '1b'}` as Signature;
    expectRefused({ voucher: { ...signer.voucher(600n), signature: flipped } }, 'CHANNEL_VOUCHER_SIGNATURE');
  });
  it('with a malformed signature', () => {
    expectRefused({ voucher: { ...signer.voucher(600n), signature: '0x' } }, 'CHANNEL_VOUCHER_SIGNATURE');
  });
  it('valid and higher, but for a request that it does not cover: not even the voucher is kept', () => {
    expectRefused({ voucher: signer.voucher(600n), requestedCompletionTokens: 999 }, 'CHANNEL_AUTHORIZATION');
    admit({ voucher: signer.voucher(600n) });
  });
  it('shows no figures to whoever is not the payer', () => {
    const refusals = [
      prepare({ voucher: foreign(new PreparedSigner(digests, secp, strangerKey, channelId)) }),
      prepare({ voucher: { ...signer.voucher(600n), channelId: asChannelId(`0x${'77'.repeat(32)}`) } }),
    ];
    for (const refused of refusals) {
      if (refused.admitted) throw new Error('admitted');
      expect(refused.refusal.figures).toBeNull();
      expect(admissionError(refused.refusal).details).toEqual({});
    }
  });
});

describe('adversarial, money: parallel requests race on one channel', () => {
  it('the same voucher prepared twice admits one request', () => {
    const voucher = signer.voucher(1000n);
    const first = prepare({ voucher });
    expect(first.admitted).toBe(true);
    expectRefused({ voucher }, 'CHANNEL_VOUCHER_NOT_HIGHER');
  });

  it('prepared requests count as reserved before they commit', () => {
    admit({ voucher: signer.voucher(250n) });
    expect(prepare({}).admitted).toBe(true);
    expectRefused({}, 'CHANNEL_AUTHORIZATION');
  });

  it('a voucher that is not stored yet covers nobody else, and nothing once it is abandoned', () => {
    const first = prepare({ voucher: signer.voucher(1000n) });
    expectRefused({}, 'CHANNEL_AUTHORIZATION');
    expect(ledger.authorizedWei).toBe(0n);
    if (!first.admitted) throw new Error('refused');
    ledger.abandon(first.admission.reservationId);
    expect(ledger.authorizedWei).toBe(0n);
    expectRefused({}, 'CHANNEL_AUTHORIZATION');
    admit({ voucher: signer.voucher(1000n) });
  });

  it('commits in any order keep the highest voucher', () => {
    const low = prepare({ voucher: signer.voucher(100n) });
    const high = prepare({ voucher: signer.voucher(200n) });
    if (!low.admitted || !high.admitted) throw new Error('refused');
    ledger.commit(high.admission.reservationId);
    ledger.commit(low.admission.reservationId);
    expect(ledger.authorizedWei).toBe(200n);
    for (const { admission } of [low, high]) {
      ledger.deliver(admission.reservationId, { promptTokens: 10, completionTokens: 10 });
      ledger.finish(admission.reservationId);
    }
    ledger.close();
    expect(ledger.approval()).toMatchObject({ voucher: { maxClaimableWei: 200n } });
  });
});

describe('delivery', () => {
  it('charges nothing that was not delivered', () => {
    const { id } = admit({ voucher: signer.voucher(100n) });
    expect(totalWei(ledger.charge)).toBe(0n);
    ledger.deliver(id, { promptTokens: 10, completionTokens: 3 });
    expect(totalWei(ledger.charge)).toBe(58n);
    expect(totalWei(ledger.finish(id))).toBe(58n);
    expect(admit({ requestedCompletionTokens: 0 }).max).toBe(0);
  });

  it('refuses usage that shrinks or exceeds the reservation, and keeps its state (CHANNEL_ORDER)', () => {
    const order = expect.objectContaining({ code: 'CHANNEL_ORDER' });
    const { id } = admit({ voucher: signer.voucher(100n) });
    ledger.deliver(id, { promptTokens: 9, completionTokens: 5 });
    const before = ledger.status();
    for (const [promptTokens, completionTokens] of [
      [9, 4],
      [8, 5],
      [11, 5],
      [9, 11],
      [-1, 5],
      [9, 5.5],
    ] as const) {
      expect(() => ledger.deliver(id, { promptTokens, completionTokens })).toThrow(order);
    }
    expect(ledger.status()).toEqual(before);
  });

  it('refuses steps out of order (CHANNEL_ORDER)', () => {
    const order = expect.objectContaining({ code: 'CHANNEL_ORDER' });
    const usage = { promptTokens: 0, completionTokens: 0 };
    const preparation = prepare({ voucher: signer.voucher(100n) });
    if (!preparation.admitted) throw new Error('refused');
    const id = preparation.admission.reservationId;
    expect(() => ledger.deliver(id, usage)).toThrow(order);
    expect(() => ledger.finish(id)).toThrow(order);
    ledger.commit(id);
    expect(() => ledger.commit(id)).toThrow(order);
    expect(() => ledger.abandon(id)).toThrow(order);
    ledger.finish(id);
    expect(() => ledger.finish(id)).toThrow(order);
    expect(() => ledger.deliver(id, usage)).toThrow(order);
    expect(() => ledger.commit(99)).toThrow(order);
  });
});

describe('closing', () => {
  it('refuses new work, waits for requests in flight, and approves the same amounts every time', () => {
    const running = admit({ voucher: signer.voucher(1000n) });
    const pending = prepare({ voucher: signer.voucher(2000n) });
    if (!pending.admitted) throw new Error('refused');
    expect(() => ledger.approval()).toThrow(expect.objectContaining({ code: 'CHANNEL_ORDER' }));
    ledger.close();
    ledger.close();
    expect(ledger.phase).toBe('closing');
    expectRefused({ voucher: signer.voucher(3000n) }, 'CHANNEL_CLOSED');
    expect(() => ledger.approval()).toThrow(expect.objectContaining({ code: 'CHANNEL_IN_FLIGHT' }));
    ledger.deliver(running.id, { promptTokens: 10, completionTokens: 10 });
    ledger.finish(running.id);
    ledger.abandon(pending.admission.reservationId);
    expect(ledger.phase).toBe('closed');
    expect(ledger.status().status).toBe('closed');
    const approval = ledger.approval();
    expect(approval).toEqual({
      channelId,
      charge: { ownerWei: 30n, hostWei: 70n },
      voucher: signer.voucher(1000n),
    });
    ledger.close();
    expect(ledger.approval()).toEqual(approval);
    expectRefused({ voucher: signer.voucher(3000n) }, 'CHANNEL_CLOSED');
  });

  it('needs no voucher when nothing was charged', () => {
    const { id } = admit({ voucher: signer.voucher(1000n) });
    ledger.finish(id);
    ledger.close();
    expect(ledger.approval()).toEqual({ channelId, charge: { ownerWei: 0n, hostWei: 0n }, voucher: null });
  });
});

it('refuses a deposit or a configuration that no channel has (CHANNEL_RANGE, CHANNEL_CONFIG)', () => {
  const open = (over: object): ChannelLedger =>
    new ChannelLedger({ config, depositWei: 1n, digests, secp256k1: secp, ...over });
  expect(() => open({ depositWei: -1n })).toThrow(expect.objectContaining({ code: 'CHANNEL_RANGE' }));
  expect(() => open({ config: { ...config, payerAuthorizer: asAddress(`0x${'00'.repeat(20)}`) } })).toThrow(
    expect.objectContaining({ code: 'CHANNEL_CONFIG' }),
  );
});
