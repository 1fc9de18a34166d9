import { createHash } from 'node:crypto';
import type { ChannelLedger } from '@dcml/channel';
import { EnclaveError } from '../enclave-error.ts';
import type { EngineResponse, EngineUsage } from '../engine/engine.ts';
import type { Exchange } from '../http/exchange.ts';

export type Finish = 'complete' | 'aborted' | 'error';

/** What was sent of an answer. */
export interface Delivery {
  readonly finish: Finish;
  /** What was delivered, and so is charged. */
  readonly usage: EngineUsage;
  /** SHA-256 of the plaintext that was sent, in order. */
  readonly bodyHash: Uint8Array;
  /** Why an answer did not complete; null when it did. */
  readonly error: unknown;
}

const NOTHING: EngineUsage = { promptTokens: 0, completionTokens: 0 };

/**
 * Sends a stream as the engine makes it. Each chunk is charged when the connection has taken it, never before: what a
 * client that went away did not get costs nothing. A slow client slows the engine down, and is given up in the end.
 */
export async function deliverStream(
  exchange: Exchange,
  response: EngineResponse,
  ledger: ChannelLedger,
  reservationId: number,
): Promise<Delivery> {
  const hash = createHash('sha256');
  let usage = NOTHING;
  let counting = true;
  let failure: unknown = null;
  try {
    for await (const chunk of response.chunks) {
      exchange.signal.throwIfAborted();
      hash.update(chunk.bytes);
      exchange.write(chunk.bytes, () => {
        if (!counting) return;
        usage = chunk.usage;
        ledger.deliver(reservationId, chunk.usage);
      });
      if (exchange.congested) await exchange.flush();
    }
    await exchange.flush();
    exchange.signal.throwIfAborted();
  } catch (error) {
    failure = error;
    // The client is still there when the engine failed or the channel closed: what was written is on its way to it.
    if (!exchange.signal.aborted) await exchange.flush().catch(() => {});
  }
  // Whatever the connection takes from now on is after the books were closed on this request.
  counting = false;
  const aborted = exchange.signal.aborted;
  return {
    finish: failure === null ? 'complete' : aborted ? 'aborted' : 'error',
    usage,
    bodyHash: new Uint8Array(hash.digest()),
    error: failure,
  };
}

/** A whole answer and what it used. Throws what the engine throws. */
export async function collectAnswer(
  response: EngineResponse,
): Promise<{ readonly body: Uint8Array; readonly usage: EngineUsage }> {
  const parts: Uint8Array[] = [];
  let usage = NOTHING;
  for await (const chunk of response.chunks) {
    parts.push(chunk.bytes);
    usage = chunk.usage;
  }
  if (parts.length === 0) throw new EnclaveError('ENCLAVE_INTERNAL', 'the engine gave no answer');
  return { body: parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts)), usage };
}
