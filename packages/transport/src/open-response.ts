import { type ByteSource, readPieces } from './abortable.ts';
import type { FrameLimits } from './ehbp-constants.ts';
import { FrameDecoder } from './frames.ts';
import { NonceSequence, type ResponseKeys } from './response-keys.ts';
import type { TransportCrypto } from './transport-crypto.ts';
import { TransportError } from './transport-error.ts';

function distrust(cause: unknown): never {
  throw new TransportError('TRANSPORT_RESPONSE', 'the sealed answer does not authenticate', { cause });
}

/** Framing errors of an answer are somebody's tampering, so they share one code; aborts pass as they are. */
function framed<Value>(step: () => Value): Value {
  try {
    return step();
  } catch (cause) {
    return distrust(cause);
  }
}

/**
 * The plaintext chunks of a sealed answer, each after its tag was checked. An end between two frames looks like an
 * ordinary end here: completeness is the caller's to check (a `ReceiptStreamReader`, or a receipt over the body).
 * Throws `TRANSPORT_RESPONSE` or the signal's reason.
 */
export async function* openFrames(
  crypto: TransportCrypto,
  keys: ResponseKeys,
  source: ByteSource,
  limits: FrameLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const cipher = await crypto.createAesGcm(keys.key);
  const nonces = new NonceSequence(keys.nonceBase);
  const decoder = new FrameDecoder(limits.maxFrameBytes);
  let length = 0;
  for await (const piece of readPieces(source, signal)) {
    for (const frame of framed(() => decoder.push(piece))) {
      let chunk: Uint8Array;
      try {
        chunk = await cipher.open(nonces.next(), frame);
      } catch (cause) {
        distrust(cause);
      }
      length += chunk.length;
      if (length > limits.maxBodyBytes)
        distrust(new RangeError(`answer is over ${limits.maxBodyBytes} bytes`));
      if (chunk.length > 0) yield chunk;
    }
  }
  framed(() => decoder.end());
}
