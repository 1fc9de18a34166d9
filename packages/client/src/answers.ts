import { concatBytes, digestText } from '@dcml/core';
import { createReceiptStreamReader } from '@dcml/transport';
import { ClientError } from './client-error.ts';
import { DoneHoldback } from './done-holdback.ts';
import type { ClientPlatform } from './platform.ts';
import { readBounded } from './read-bounded.ts';
import type { SealedAnswer } from './sealed-exchange.ts';
import {
  answerFault,
  completeExchange,
  type PaidExchange,
  type ReceiptSummary,
} from './verified-exchange.ts';

const MAX_BUFFERED_BYTES = 64 << 20;
/** Longer streams verify as well, but are kept without their body. */
const MAX_KEPT_BYTES = 8 << 20;

export interface BufferedAnswer {
  readonly kind: 'buffered';
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly receipt: ReceiptSummary;
}

export interface StreamedAnswer {
  readonly kind: 'stream';
  readonly contentType: string;
  /** The enclave's id for the receipt to come; checked at the end. */
  readonly receiptId: string | null;
  /**
   * Verified frames as they come, without the receipt comment. `data: [DONE]` and the end come only after the receipt
   * verified; otherwise the iteration throws `CLIENT_CUT` or `CLIENT_UNVERIFIED`.
   */
  readonly body: AsyncGenerator<Uint8Array, ReceiptSummary>;
}

/** A refusal by the enclave itself; nothing was charged. */
export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly code: string;
}

export type VerifiedAnswer = BufferedAnswer | StreamedAnswer | RefusedAnswer;

/** A whole answer, released only after its receipt verified. Throws `CLIENT_CUT`, `CLIENT_UNVERIFIED`. */
export async function readBufferedAnswer(
  exchange: PaidExchange,
  answer: SealedAnswer,
  platform: ClientPlatform,
): Promise<BufferedAnswer> {
  let body: Uint8Array;
  let receipt: Uint8Array | null;
  try {
    body = await readBounded(answer.body, MAX_BUFFERED_BYTES);
    receipt = await answer.openReceipt();
  } catch (cause) {
    throw answerFault(cause);
  }
  if (receipt === null) {
    throw new ClientError('CLIENT_UNVERIFIED', 'the answer came without a receipt', {
      details: { reason: 'no receipt' },
    });
  }
  const hasher = platform.createSha256();
  hasher.update(body);
  const summary = await completeExchange(exchange, receipt, { hash: digestText(hasher.digest()), body });
  return { kind: 'buffered', contentType: 'application/json', body, receipt: summary };
}

async function* verifyFrames(
  exchange: PaidExchange,
  answer: SealedAnswer,
  platform: ClientPlatform,
  receiptId: string | null,
): AsyncGenerator<Uint8Array, ReceiptSummary> {
  const reader = createReceiptStreamReader({ hasher: platform.createSha256() });
  const end = new DoneHoldback();
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  let summary: ReceiptSummary;
  try {
    for await (const chunk of answer.body) {
      const bytes = reader.push(chunk);
      keptBytes += bytes.length;
      if (exchange.keepBodies && keptBytes <= MAX_KEPT_BYTES) kept.push(bytes);
      const ready = end.push(bytes);
      if (ready.length > 0) yield ready;
    }
    const { receipt, bodyHash } = reader.finish();
    const body = keptBytes <= MAX_KEPT_BYTES ? concatBytes(...kept) : null;
    summary = await completeExchange(exchange, receipt, { hash: bodyHash, body });
  } catch (cause) {
    throw answerFault(cause);
  }
  if (receiptId !== null && receiptId !== summary.receiptId) {
    throw answerFault(new Error(`receipt ${receiptId} was announced, ${summary.receiptId} came`));
  }
  yield end.release();
  return summary;
}

/** A stream whose frames leave as they verify, and whose end leaves only after the receipt verified. */
export function readStreamedAnswer(
  exchange: PaidExchange,
  answer: SealedAnswer,
  platform: ClientPlatform,
): StreamedAnswer {
  const receiptId = answer.headers.get('x-receipt-id') ?? null;
  return {
    kind: 'stream',
    contentType: 'text/event-stream',
    receiptId,
    body: verifyFrames(exchange, answer, platform, receiptId),
  };
}
