import {
  asChannelId,
  asModelHash,
  canonicalizeJson,
  decodeUtf8,
  digestText,
  encodeUtf8,
  sha256,
} from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  buildReceipt,
  type ChargeEvent,
  keysetDigest,
  parseReceipt,
  type Receipt,
  type ReceiptContent,
  type ReceiptExpectations,
  receiptFromJson,
  signReceipt,
  type VerifyReceiptOptions,
  verifyReceipt,
} from '../src/index.ts';
import {
  chainId,
  channelId,
  charge,
  content,
  contract,
  ed25519Signer,
  events,
  keyset,
  model,
  price,
  requestBody,
  responseBody,
  signed,
  usage,
} from './fixtures.ts';

const expected: ReceiptExpectations = {
  model,
  chainId,
  contract,
  channelId,
  price,
  maxAuthorizedWei: 1000n,
  simulated: true,
};
const full: VerifyReceiptOptions = { keyset, requestBody, responseBody, expected };

async function outcomeOf(
  receipt: Receipt,
  name: string,
  options: VerifyReceiptOptions = full,
): Promise<string> {
  const { claims } = await verifyReceipt(receipt, options);
  const found = claims.filter((claim) => claim.name === name);
  expect(found).toHaveLength(1);
  return found[0]!.outcome;
}

/** Signed by the enclave itself, so that only the content can be wrong. */
async function outcomeWith(name: string, change: Partial<ReceiptContent>): Promise<string> {
  return outcomeOf((await signed(change)).receipt, name);
}

describe('verifyReceipt', () => {
  it('passes a good receipt of a known exchange, and says that it is simulated', async () => {
    const verdict = await verifyReceipt((await signed()).receipt, full);
    expect(verdict.claims.filter((claim) => claim.outcome !== 'pass')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
  });

  it('any altered character of the document: refused or failed, never a pass', async () => {
    const text = decodeUtf8((await signed()).bytes);
    const alter = fc.record({ at: fc.nat(text.length - 1), to: fc.integer({ min: 32, max: 126 }) });
    await fc.assert(
      fc.asyncProperty(alter, async ({ at, to }) => {
        const other = text.slice(0, at) + String.fromCharCode(to) + text.slice(at + 1);
        fc.pre(other !== text);
        let receipt: Receipt;
        try {
          receipt = parseReceipt(other);
        } catch {
          return;
        }
        // White space between tokens is the one change that leaves the document what it was.
        fc.pre(canonicalizeJson(receipt.document) !== text);
        expect((await verifyReceipt(receipt, full)).outcome).toBe('fail');
      }),
      { numRuns: 400 },
    );
  });

  it('unicode: a look-alike or another normal form is another document', async () => {
    const { receipt } = await signed({ model: 'caf\u00e9' });
    expect(await outcomeOf(receipt, 'receipt_signature')).toBe('pass');
    for (const name of ['cafe\u0301', 'c\u0430f\u00e9', 'caf\u00e9\u200b']) {
      const other = receiptFromJson({ ...receipt.document, model: name });
      expect(await outcomeOf(other, 'receipt_signature')).toBe('fail');
    }
  });

  it('foreign key id', async () => {
    const { receipt } = await signed({ keyId: 'receipt-2' });
    expect(await outcomeOf(receipt, 'receipt_key')).toBe('fail');
    expect(await outcomeOf(receipt, 'receipt_signature')).toBe('fail');
  });

  it('unknown algorithm: refused, never guessed', async () => {
    const [key] = keyset.receiptSigningKeys;
    for (const algo of ['ed25519ph', 'Ed25519', 'none', '']) {
      const other = { ...keyset, receiptSigningKeys: [{ ...key!, algo }] };
      const { receipt } = await signed({ keysetDigest: keysetDigest(other) });
      expect(await outcomeOf(receipt, 'receipt_key', { ...full, keyset: other })).toBe('fail');
      expect(await outcomeOf(receipt, 'receipt_signature', { ...full, keyset: other })).toBe('fail');
    }
  });

  it('signed by somebody else, or under a key that is malformed or of small order', async () => {
    const stranger = ed25519Signer('22'.repeat(32));
    const { receipt } = await signReceipt(buildReceipt(content()), stranger.sign);
    expect(await outcomeOf(receipt, 'receipt_signature')).toBe('fail');
    for (const publicKey of ['', 'zz', `01${'00'.repeat(31)}`]) {
      const other = { ...keyset, receiptSigningKeys: [{ ...keyset.receiptSigningKeys[0]!, publicKey }] };
      expect(await outcomeOf(receipt, 'receipt_signature', { ...full, keyset: other })).toBe('fail');
    }
  });

  it('no Ed25519 on the platform: unknown, never a pass', async () => {
    const { receipt } = await signed();
    const importKey = vi
      .spyOn(crypto.subtle, 'importKey')
      .mockRejectedValue(new DOMException('', 'NotSupportedError'));
    expect(await outcomeOf(receipt, 'receipt_signature')).toBe('unknown');
    importKey.mockRestore();
  });

  it('receipt of another instance: its keyset is not the established one', async () => {
    expect(await outcomeWith('receipt_keyset', { keysetDigest: digestText(sha256(requestBody)) })).toBe(
      'fail',
    );
  });

  it('served at or after the keyset expired', async () => {
    expect(await outcomeWith('receipt_served_before_expiry', { servedAt: keyset.notAfter })).toBe('fail');
    expect(await outcomeWith('receipt_served_before_expiry', { servedAt: keyset.notAfter - 1 })).toBe('pass');
  });

  it('receipt of A used for B: other request, other answer, other channel', async () => {
    const { receipt } = await signed();
    const other = encodeUtf8('{"messages":[{"role":"user","content":"ho"}]}');
    expect(await outcomeOf(receipt, 'request_bytes', { ...full, requestBody: other })).toBe('fail');
    expect(await outcomeOf(receipt, 'response_bytes', { ...full, responseBody: other })).toBe('fail');
    const responseHash = digestText(sha256(responseBody));
    expect(await outcomeOf(receipt, 'response_bytes', { keyset, responseHash })).toBe('pass');
    expect(
      await outcomeOf(receipt, 'response_bytes', { ...full, responseHash: digestText(sha256(other)) }),
    ).toBe('fail');
  });

  it('host rewrites the request: the hashes differ', async () => {
    const [received, , ...rest] = events();
    const forwarded = { type: 'request.forwarded', bodyHash: digestText(sha256(responseBody)) } as const;
    const { receipt } = await signed({ events: [received!, forwarded, ...rest] });
    const claim = (await verifyReceipt(receipt, full)).claims.find(
      ({ name }) => name === 'request_unchanged',
    );
    expect(claim).toMatchObject({ outcome: 'unknown', optional: true });
    expect(await outcomeWith('request_unchanged', { events: [received!, ...rest] })).toBe('unknown');
  });

  it('each expectation: another value fails', async () => {
    const { receipt } = await signed();
    const wrong: readonly (readonly [string, ReceiptExpectations])[] = [
      ['model', { model: asModelHash(`0x${'00'.repeat(32)}`) }],
      ['charge_chain', { chainId: 1 }],
      ['charge_contract', { contract: `0x${'00'.repeat(20)}` as typeof contract }],
      ['charge_channel', { channelId: asChannelId(`0x${'00'.repeat(32)}`) }],
      ['charge_voucher', { maxAuthorizedWei: 999n }],
      ['platform', { simulated: false }],
      ...(Object.keys(price) as (keyof typeof price)[]).map(
        (part) => ['charge_price', { price: { ...price, [part]: price[part] + 1n } }] as const,
      ),
    ];
    for (const [name, change] of wrong) {
      const options = { ...full, expected: { ...expected, ...change } };
      expect(await outcomeOf(receipt, name, options), name).toBe('fail');
      expect((await verifyReceipt(receipt, options)).outcome).toBe('fail');
    }
  });

  it('a check whose input is absent is unknown, and so is the verdict', async () => {
    const { receipt } = await signed();
    const bare = await verifyReceipt(receipt, { keyset });
    expect(bare.outcome).toBe('unknown');
    const open = bare.claims.filter((claim) => claim.outcome === 'unknown').map((claim) => claim.name);
    expect(open).toEqual([
      'request_bytes',
      'response_bytes',
      'model',
      'charge_chain',
      'charge_contract',
      'charge_channel',
      'charge_price',
      'charge_voucher',
      'platform',
    ]);
    // Without our events nothing of ours can be checked either.
    const [received, returned] = [events()[0]!, events().at(-1)!];
    const plain = await verifyReceipt((await signed({ events: [received, returned] })).receipt, full);
    expect(plain.outcome).toBe('unknown');
    expect(plain.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(plain.claims.filter((claim) => claim.outcome === 'unknown').map((claim) => claim.name)).toEqual(
      expect.arrayContaining([
        'model',
        'charge_totals',
        'charge_request',
        'charge_authorized',
        'answer_complete',
      ]),
    );
  });

  it('an aborted answer is not complete', async () => {
    const aborted = events().map((event) =>
      event.type === 'dcml.completion' ? { ...event, finish: 'aborted' as const } : event,
    );
    expect(await outcomeWith('answer_complete', { events: aborted })).toBe('unknown');
  });
});

describe('arithmetic of the charge', () => {
  const withCharge = (name: string, change: Partial<ChargeEvent>): Promise<string> =>
    outcomeWith(name, { events: events({ charge: { ...charge, ...change } }) });

  it('one wei more or less anywhere fails', async () => {
    for (const part of ['chargedOwnerWei', 'chargedHostWei'] as const) {
      expect(await withCharge('charge_totals', { [part]: charge[part] + 1n })).toBe('fail');
      expect(await withCharge('charge_totals', { [part]: charge[part] - 1n })).toBe('fail');
    }
  });

  it('a request costs the price of its tokens, rounded either way, and nothing else', async () => {
    // 39.00003 and 94.79997: which way it is rounded depends on what was charged before.
    for (const [part, allowed] of [
      ['requestOwnerWei', [39n, 40n]],
      ['requestHostWei', [94n, 95n]],
    ] as const) {
      for (const amount of allowed)
        expect(await withCharge('charge_request', { [part]: amount })).toBe('pass');
      expect(await withCharge('charge_request', { [part]: allowed[0] - 1n })).toBe('fail');
      expect(await withCharge('charge_request', { [part]: allowed[1] + 1n })).toBe('fail');
    }
    // A whole price leaves nothing to round.
    const whole = { ...price, ownerPromptPerMTok: 1_000_000n, ownerCompletionPerMTok: 1_000_000n };
    expect(await withCharge('charge_request', { price: whole, requestOwnerWei: 42n })).toBe('pass');
    expect(await withCharge('charge_request', { price: whole, requestOwnerWei: 43n })).toBe('fail');
    expect(await withCharge('charge_request', { price: whole, requestOwnerWei: 41n })).toBe('fail');
  });

  it('other usage than stated fails; more than the channel has fails', async () => {
    const tokens = { ...usage, completionTokens: usage.completionTokens + 2 };
    expect(await outcomeWith('charge_request', { events: events({ usage: tokens }) })).toBe('fail');
    expect(await withCharge('charge_request', { promptTokensTotal: 11n })).toBe('fail');
    const without = events().filter((event) => event.type !== 'dcml.usage');
    expect(await outcomeWith('charge_request', { events: without })).toBe('unknown');
  });

  it('a charge above the authorization fails, one equal to it passes', async () => {
    const total = charge.chargedOwnerWei + charge.chargedHostWei;
    expect(await withCharge('charge_authorized', { authorizedWei: total })).toBe('pass');
    expect(await withCharge('charge_authorized', { authorizedWei: total - 1n })).toBe('fail');
  });

  it('however requests are cut and overlap, each receipt adds up: property', async () => {
    const tokens = fc.tuple(fc.nat(5000), fc.nat(5000));
    // Each request finishes while another one has delivered some tokens already.
    const cut = fc.array(fc.tuple(tokens, tokens), { minLength: 1, maxLength: 5 });
    const perMTok = fc.bigInt({ min: 0n, max: 10n ** 24n });
    await fc.assert(
      fc.asyncProperty(cut, perMTok, perMTok, async (requests, owner, host) => {
        const terms = {
          ownerPromptPerMTok: owner,
          ownerCompletionPerMTok: owner / 3n,
          hostPromptPerMTok: host / 7n,
          hostCompletionPerMTok: host,
        };
        const ownerOf = (prompt: bigint, completion: bigint): bigint =>
          (prompt * terms.ownerPromptPerMTok + completion * terms.ownerCompletionPerMTok) / 1_000_000n;
        const hostOf = (prompt: bigint, completion: bigint): bigint =>
          (prompt * terms.hostPromptPerMTok + completion * terms.hostCompletionPerMTok) / 1_000_000n;
        let [prompt, completion] = [0n, 0n];
        for (const [[promptTokens, completionTokens], [promptBeside, completionBeside]] of requests) {
          const [promptAfter, completionAfter] = [
            prompt + BigInt(promptTokens),
            completion + BigInt(completionTokens),
          ];
          const promptTokensTotal = promptAfter + BigInt(promptBeside);
          const completionTokensTotal = completionAfter + BigInt(completionBeside);
          const chargedOwnerWei = ownerOf(promptTokensTotal, completionTokensTotal);
          const chargedHostWei = hostOf(promptTokensTotal, completionTokensTotal);
          const event: ChargeEvent = {
            ...charge,
            price: terms,
            authorizedWei: chargedOwnerWei + chargedHostWei,
            requestOwnerWei: ownerOf(promptAfter, completionAfter) - ownerOf(prompt, completion),
            requestHostWei: hostOf(promptAfter, completionAfter) - hostOf(prompt, completion),
            chargedOwnerWei,
            chargedHostWei,
            promptTokensTotal,
            completionTokensTotal,
          };
          [prompt, completion] = [promptAfter, completionAfter];
          const { receipt } = await signed({
            events: events({ charge: event, usage: { type: 'dcml.usage', promptTokens, completionTokens } }),
          });
          for (const name of ['charge_totals', 'charge_request', 'charge_authorized']) {
            expect(await outcomeOf(receipt, name)).toBe('pass');
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});
