import { concatBytes, encodeUtf8, fromHex, sha384 } from '@dcml/core';
import type { RuntimeEvent } from './evidence.ts';

/** Event type of what a dstack guest extends into RTMR3. */
export const DSTACK_EVENT_TYPE = 0x0800_0001;

/**
 * What dstack extends for an event: SHA-384 over the event type (32 bits, little-endian), a colon, the name, a colon
 * and the payload.
 */
export function runtimeEventDigest(event: RuntimeEvent): Uint8Array {
  const type = new Uint8Array(4);
  new DataView(type.buffer).setUint32(0, event.eventType, true);
  return sha384(
    concatBytes(type, encodeUtf8(`:${event.event}:`), fromHex(event.eventPayload, 'event payload')),
  );
}

/** The value of a runtime register after its events: SHA-384 chained from 48 zero bytes. */
export function replayRegister(digests: readonly Uint8Array[]): Uint8Array {
  let register: Uint8Array = new Uint8Array(48);
  for (const digest of digests) register = sha384(concatBytes(register, digest));
  return register;
}
