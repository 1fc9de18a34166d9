import { decodeUtf8, encodeUtf8 } from '@dcml/core';
import type { ReceiptContent } from '@dcml/receipt';
import { parsePaymentSignature } from '@dcml/transport';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StreamedAnswer, VerifiedAnswer } from '../src/answers.ts';
import { ChannelAccount } from '../src/channel-account.ts';
import type { ClientStore } from '../src/client-store.ts';
import { createMemoryClientStore } from '../src/memory-client-store.ts';
import { type PayContext, payRequest } from '../src/pay-request.ts';
import { costRequest } from '../src/request-cost.ts';
import { ANSWER_WORDS, type Tampering } from './fake-enclave.ts';
import { FakeNetwork } from './fake-network.ts';

const DEPOSIT = 10n ** 12n;
let network: FakeNetwork;
let store: ClientStore;
let context: PayContext;

beforeEach(async () => {
  network = await FakeNetwork.start();
  store = createMemoryClientStore();
  const record = await network.openChannel(store, DEPOSIT);
  context = {
    connection: await network.connect(),
    evidenceId: 'e'.repeat(64),
    account: new ChannelAccount(store, network.platform, record),
    store,
    platform: network.platform,
    maxWeiPerRequest: null,
    keepBodies: true,
    receiptsToKeep: 100,
    onKeysetHint: () => {},
  };
});

function ask(body: object): Promise<VerifiedAnswer> {
  const request = costRequest('/v1/chat/completions', encodeUtf8(JSON.stringify(body)), 100);
  return payRequest(context, request, AbortSignal.timeout(10_000));
}
const askBuffered = (text = 'hi'): Promise<VerifiedAnswer> => ask({ model: 'fake', messages: [text] });
const askStream = async (text = 'hi'): Promise<StreamedAnswer> => {
  const answer = await ask({ model: 'fake', messages: [text], stream: true });
  if (answer.kind !== 'stream') throw new Error(`expected a stream, got ${answer.kind}`);
  return answer;
};

/** What a reader gets before the end or the error. */
async function readAll(answer: StreamedAnswer): Promise<{ text: string; error: unknown }> {
  let text = '';
  try {
    for await (const chunk of answer.body) text += decodeUtf8(chunk);
    return { text, error: null };
  } catch (error) {
    return { text, error };
  }
}

async function streamTampered(tampering: Tampering): Promise<{ text: string; error: unknown }> {
  network.enclave.tampering.push(tampering);
  return readAll(await askStream());
}

describe('honest exchanges', () => {
  it('a buffered answer verifies, is booked and kept', async () => {
    const answer = await askBuffered();
    expect(answer).toMatchObject({ kind: 'buffered', receipt: { promptTokens: 10, simulated: true } });
    const state = await context.account.state();
    expect(state.usage).toEqual({ promptTokens: 10n, completionTokens: BigInt(ANSWER_WORDS) });
    expect(state.inFlight).toEqual({});
    const kept = await store.listReceipts(10);
    expect(kept).toHaveLength(1);
    expect(decodeUtf8(kept[0]!.requestBody!)).toContain('"max_tokens":100');
  });

  it('a stream arrives whole, its end marker included, without the receipt comment', async () => {
    const { text, error } = await readAll(await askStream());
    expect(error).toBeNull();
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(text).not.toContain('dcml-receipt');
    expect((await store.listReceipts(10))[0]?.responseBody).toEqual(encodeUtf8(text));
  });

  it('the voucher is on disk before it leaves', async () => {
    let authorizedAtArrival = -1n;
    const transport = context.connection.transport;
    context = {
      ...context,
      connection: {
        ...context.connection,
        transport: {
          ...transport,
          send: async (request) => {
            authorizedAtArrival = (await context.account.state()).authorizedWei;
            return transport.send(request);
          },
        },
      },
    };
    await askBuffered();
    expect(authorizedAtArrival).toBeGreaterThan(0n);
    const ledger = network.enclave.ledgers.get(context.account.record.channelId)!.ledger;
    expect(ledger.authorizedWei).toBe(authorizedAtArrival);
    const header = network.enclave.arrived.at(-1)!.headers['PAYMENT-SIGNATURE']!;
    expect(parsePaymentSignature(header).terms.amountWei).toBe(authorizedAtArrival);
  });
});

describe('host strips encryption headers or answers in plain', () => {
  it('an answer without Ehbp-Response-Nonce throws', async () => {
    network.enclave.tampering.push({ headers: (headers) => headers.delete('ehbp-response-nonce') });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_PLAINTEXT' });
  });

  it('a plaintext answer with status 200 throws', async () => {
    network.enclave.tampering.push({ plain: { status: 200, body: '{"choices":[]}' } });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_PLAINTEXT' });
  });

  it('a plaintext stream throws before anything is delivered', async () => {
    network.enclave.tampering.push({
      plain: { status: 200, body: 'data: {}\n\ndata: [DONE]\n\n', contentType: 'text/event-stream' },
    });
    await expect(askStream()).rejects.toMatchObject({ code: 'CLIENT_PLAINTEXT' });
  });

  it('a status that was changed to an error does not pass an answer off as one', async () => {
    network.enclave.tampering.push({ status: 500 });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('a foreign nonce throws', async () => {
    network.enclave.tampering.push({
      headers: (headers) => headers.set('ehbp-response-nonce', '00'.repeat(32)),
    });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });
});

describe('stream cut at a frame boundary, frames reordered, duplicated, swapped between answers', () => {
  // Pieces of a stream: the words, the end marker, the receipt comment.
  it.each([0, 1, ANSWER_WORDS - 1, ANSWER_WORDS, ANSWER_WORDS + 1])(
    'cut after %i frames throws',
    async (count) => {
      const { text, error } = await streamTampered({ pieces: (pieces) => pieces.slice(0, count) });
      expect(error).toMatchObject({ code: 'CLIENT_CUT' });
      expect(text).not.toContain('[DONE]');
      expect((await context.account.state()).usage.promptTokens).toBe(0n);
    },
  );

  it('cut inside a frame throws', async () => {
    const { error } = await streamTampered({
      pieces: (pieces) => [...pieces.slice(0, 2), pieces[2]!.subarray(0, pieces[2]!.length - 3)],
    });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('reordered frames throw', async () => {
    const { error } = await streamTampered({
      pieces: ([first, second, ...rest]) => [second!, first!, ...rest],
    });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('a duplicated frame throws', async () => {
    const { error } = await streamTampered({ pieces: ([first, ...rest]) => [first!, first!, ...rest] });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('a dropped frame throws', async () => {
    const { error } = await streamTampered({ pieces: ([first, , ...rest]) => [first!, ...rest] });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('a frame of another answer throws', async () => {
    let stolen: Uint8Array | undefined;
    await streamTampered({
      pieces: (pieces) => {
        stolen = pieces[1];
        return pieces;
      },
    });
    const { error } = await streamTampered({ pieces: ([first, , ...rest]) => [first!, stolen!, ...rest] });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('a whole other answer throws', async () => {
    let stolen: readonly Uint8Array[] = [];
    let nonce = '';
    await streamTampered({
      headers: (headers) => {
        nonce = headers.get('ehbp-response-nonce')!;
      },
      pieces: (pieces) => {
        stolen = pieces;
        return pieces;
      },
    });
    const { error } = await streamTampered({
      headers: (headers) => headers.set('ehbp-response-nonce', nonce),
      pieces: () => stolen,
    });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it.each([0, 10, 25])('a flipped bit in byte %i of a frame throws', async (offset) => {
    const { error } = await streamTampered({
      pieces: (pieces) => {
        const copy = pieces.map((piece) => piece.slice());
        copy[3]![offset]! ^= 1;
        return copy;
      },
    });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('more after the receipt throws', async () => {
    const { error } = await streamTampered({ pieces: (pieces) => [...pieces, pieces[0]!] });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  it('a buffered answer that is cut is not released', async () => {
    network.enclave.tampering.push({ pieces: () => [] });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });
});

describe('receipts', () => {
  it('a missing receipt throws, buffered and streamed', async () => {
    network.enclave.tampering.push({ noReceipt: true });
    await expect(askBuffered()).rejects.toMatchObject({
      code: 'CLIENT_UNVERIFIED',
      details: { reason: 'no receipt' },
    });
    const { text, error } = await streamTampered({ noReceipt: true });
    expect(error).toMatchObject({ code: 'CLIENT_CUT' });
    expect(text).not.toContain('[DONE]');
  });

  it('the receipt of A used for B throws: the sealed header opens for its own exchange only', async () => {
    let receiptOfA = '';
    network.enclave.tampering.push({
      headers: (headers) => {
        receiptOfA = headers.get('dcml-receipt')!;
      },
    });
    await askBuffered('A');
    network.enclave.tampering.push({ headers: (headers) => headers.set('dcml-receipt', receiptOfA) });
    await expect(askBuffered('B')).rejects.toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });

  const edits: readonly [string, (content: ReceiptContent) => ReceiptContent][] = [
    [
      'a receipt of A used for B: another request hash',
      editEvent('request.received', { bodyHash: `sha256:${'00'.repeat(32)}` }),
    ],
    ['another response hash', editEvent('response.returned', { bodyHash: `sha256:${'00'.repeat(32)}` })],
    ['another model', editEvent('dcml.model', { model: `0x${'00'.repeat(32)}` })],
    ['another channel', editEvent('dcml.charge', { channelId: `0x${'00'.repeat(32)}` })],
    [
      'another price',
      editEvent('dcml.charge', {
        price: {
          ownerPromptPerMTok: 1n,
          ownerCompletionPerMTok: 1n,
          hostPromptPerMTok: 1n,
          hostCompletionPerMTok: 1n,
        },
      }),
    ],
    ['arithmetic that does not add up', editEvent('dcml.charge', { requestOwnerWei: 1n })],
    ['more tokens than the maximum', editEvent('dcml.usage', { completionTokens: 5_000_000 })],
    ['a platform that claims to be hardware', editEvent('dcml.platform', { simulated: false })],
    ['an answer that was aborted', editEvent('dcml.completion', { finish: 'aborted' })],
    ['a foreign key id', (content) => ({ ...content, keyId: 'receipt-2' })],
    ['another keyset', (content) => ({ ...content, keysetDigest: `sha256:${'00'.repeat(32)}` })],
    ['another endpoint', (content) => ({ ...content, endpoint: '/v1/embeddings' })],
  ];
  it.each(edits)('%s throws, buffered and streamed', async (_name, receipt) => {
    network.enclave.tampering.push({ receipt });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_UNVERIFIED' });
    const { text, error } = await streamTampered({ receipt });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
    expect(text).not.toContain('[DONE]');
    expect(await store.listReceipts(1)).toEqual([]);
  });

  it('an announced receipt id that is not the one of the receipt throws', async () => {
    const { error } = await streamTampered({
      headers: (headers) => headers.set('x-receipt-id', 'rcpt-other'),
    });
    expect(error).toMatchObject({ code: 'CLIENT_UNVERIFIED' });
  });
});

function editEvent(type: string, change: object): (content: ReceiptContent) => ReceiptContent {
  return (content) => ({
    ...content,
    events: content.events.map((event) =>
      event.type === type ? ({ ...event, ...change } as typeof event) : event,
    ),
  });
}

describe('keys', () => {
  it('a stale key is told apart and nothing of the request is reserved', async () => {
    network.enclave.tampering.push({
      plain: {
        status: 422,
        body: '{"type":"urn:ietf:params:ehbp:error:key-config","title":"x"}',
        contentType: 'application/problem+json',
      },
    });
    await expect(askBuffered()).rejects.toMatchObject({ code: 'CLIENT_STALE_KEY' });
    expect((await context.account.state()).inFlight).toEqual({});
  });

  it('the same sealed request twice is not made by the client: every attempt is sealed anew', async () => {
    await Promise.all([askBuffered('same'), askBuffered('same')]);
    const sealed = network.enclave.arrived
      .map((request) => request.headers['Ehbp-Encapsulated-Key'])
      .filter(Boolean);
    expect(new Set(sealed).size).toBe(sealed.length);
  });
});
