import { asAddress, asChannelId, type Hex } from '@dcml/core';
import { parsePaymentPayload, parsePaymentRequired as parseX402Required } from '@x402/core/schemas';
import { describe, expect, it } from 'vitest';
import {
  type ChannelPayment,
  encodePaymentRequired,
  encodePaymentResponse,
  encodePaymentSignature,
  type PaymentDemand,
  parsePaymentRequired,
  parsePaymentResponse,
  parsePaymentSignature,
} from '../src/index.ts';

const terms = {
  chainId: 31337,
  amountWei: 10n ** 18n,
  asset: asAddress(`0x${'00'.repeat(20)}`),
  payTo: asAddress(`0x${'c1'.repeat(20)}`),
  maxTimeoutSeconds: 60,
};
const channelId = asChannelId(`0x${'ab'.repeat(32)}`);
const payment: ChannelPayment = {
  terms,
  channelId,
  maxClaimableWei: 2n ** 200n,
  signature: `0x${'5c'.repeat(65)}` as Hex,
};
const demand: PaymentDemand = {
  resourceUrl: 'https://enclave/v1/chat/completions',
  error: 'the voucher does not cover the request',
  terms,
  price: {
    ownerPromptPerMTok: 1n,
    ownerCompletionPerMTok: 2n,
    hostPromptPerMTok: 3n,
    hostCompletionPerMTok: 4n,
  },
  shortfall: {
    channelId,
    authorizedWei: 1n,
    chargedWei: 2n,
    reservedWei: 3n,
    depositWei: 4n,
    requiredMaxClaimableWei: 5n,
  },
};
const acknowledgement = {
  chainId: 31337,
  payer: asAddress(`0x${'a1'.repeat(20)}`),
  channelId,
  authorizedWei: 7n,
};

const bad = expect.objectContaining({ code: 'TRANSPORT_PAYMENT_HEADER' });
const decoded = (header: string): unknown => JSON.parse(atob(header));
/** The header with one member replaced or, for undefined, removed. */
function altered(header: string, path: readonly string[], value: unknown): string {
  const root = decoded(header) as Record<string, unknown>;
  let at = root;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[path.at(-1)!] = value;
  return btoa(JSON.stringify(root));
}

describe('x402 v2 headers', () => {
  it('round trip', () => {
    expect(parsePaymentSignature(encodePaymentSignature(payment))).toEqual(payment);
    expect(parsePaymentRequired(encodePaymentRequired(demand))).toEqual(demand);
    const open = { ...demand, shortfall: null };
    expect(parsePaymentRequired(encodePaymentRequired(open))).toEqual(open);
    expect(parsePaymentResponse(encodePaymentResponse(acknowledgement))).toEqual(acknowledgement);
  });

  it('are what docs/protocol/http.md says', () => {
    expect(decoded(encodePaymentSignature(payment))).toEqual({
      x402Version: 2,
      accepted: {
        scheme: 'dcml-channel',
        network: 'eip155:31337',
        amount: '1000000000000000000',
        asset: terms.asset,
        payTo: terms.payTo,
        maxTimeoutSeconds: 60,
        extra: {},
      },
      payload: { channelId, maxClaimable: (2n ** 200n).toString(), signature: payment.signature },
    });
    expect(decoded(encodePaymentResponse(acknowledgement))).toEqual({
      success: true,
      transaction: '',
      network: 'eip155:31337',
      payer: acknowledgement.payer,
      extra: { channel_id: channelId, authorized: '7' },
    });
  });

  it('are read by the schemas of @x402/core', () => {
    expect(parsePaymentPayload(decoded(encodePaymentSignature(payment))).success).toBe(true);
    const required = parseX402Required(decoded(encodePaymentRequired(demand)));
    expect(required.success).toBe(true);
    expect(required.data?.accepts[0]).toMatchObject({ scheme: 'dcml-channel', network: 'eip155:31337' });
  });

  it('take what generic clients add beside the payment', () => {
    const header = altered(encodePaymentSignature(payment), ['resource'], { url: 'https://x' });
    expect(parsePaymentSignature(altered(header, ['extensions'], {}))).toEqual(payment);
  });

  it('are refused when anything else is off: TRANSPORT_PAYMENT_HEADER', () => {
    const good = encodePaymentSignature(payment);
    const cases: readonly (readonly [readonly string[], unknown])[] = [
      [['x402Version'], 1],
      [['x402Version'], undefined],
      [['surprise'], 1],
      [['accepted', 'scheme'], 'exact'],
      [['accepted', 'network'], 'eip155:0'],
      [['accepted', 'network'], 'solana:1'],
      [['accepted', 'amount'], '01'],
      [['accepted', 'amount'], 1],
      [['accepted', 'amount'], '-1'],
      [['accepted', 'asset'], '0x00'],
      [['accepted', 'surprise'], 1],
      [['accepted', 'maxTimeoutSeconds'], 0.5],
      [['payload', 'channelId'], '0xab'],
      [['payload', 'maxClaimable'], (2n ** 256n).toString()],
      [['payload', 'signature'], `0x${'5c'.repeat(64)}`],
      [['payload', 'signature'], `0x${'5C'.repeat(65)}`],
      [['payload', 'surprise'], 1],
    ];
    for (const [path, value] of cases) {
      expect(() => parsePaymentSignature(altered(good, path, value)), path.join('.')).toThrow(bad);
    }
    for (const text of [
      '',
      '{}',
      'e30',
      btoa('{"x402Version":2,"x402Version":2}'),
      'A'.repeat(9000),
      good.slice(1),
    ]) {
      expect(() => parsePaymentSignature(text)).toThrow(bad);
    }
  });

  it('of demands and acknowledgements are as strict', () => {
    const required = encodePaymentRequired(demand);
    const [only] = (decoded(required) as { accepts: unknown[] }).accepts;
    for (const accepts of [[], [only, only], [1], {}]) {
      expect(() => parsePaymentRequired(altered(required, ['accepts'], accepts))).toThrow(bad);
    }
    const response = encodePaymentResponse(acknowledgement);
    expect(() => parsePaymentResponse(altered(response, ['success'], false))).toThrow(bad);
    expect(() => parsePaymentResponse(altered(response, ['transaction'], '0x1'))).toThrow(bad);
    expect(() => parsePaymentResponse(altered(response, ['surprise'], 1))).toThrow(bad);
  });
});
