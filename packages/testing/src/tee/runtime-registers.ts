import type { RuntimeEvent } from '@dcml/attest';
import { concatBytes, encodeUtf8, fromHex, sha256, sha384, toHex } from '@dcml/core';

/** Event type of what dstack extends into RTMR3. */
export const DSTACK_EVENT_TYPE = 0x08000001;

export interface BootOptions {
  readonly appCompose: string;
  /** 20 bytes. */
  readonly instanceId: Uint8Array;
}

/** An event of RTMR3 with the digest that dstack computes over type, name and payload. */
export function dstackEvent(event: string, payload: Uint8Array): RuntimeEvent {
  const type = new Uint8Array(4);
  new DataView(type.buffer).setUint32(0, DSTACK_EVENT_TYPE, true);
  const digest = sha384(concatBytes(type, encodeUtf8(`:${event}:`), payload));
  return {
    imr: 3,
    eventType: DSTACK_EVENT_TYPE,
    digest: toHex(digest),
    event,
    eventPayload: toHex(payload),
  };
}

function firmwareEvent(imr: number, eventType: number, what: string): RuntimeEvent {
  const digest = toHex(sha384(encodeUtf8(`dcml SIMULATED ${what}`)));
  return { imr, eventType, digest, event: '', eventPayload: '' };
}

/** The events of a dstack boot, in the order in which a real guest logs them. */
export function simulatedBootEvents(options: BootOptions): RuntimeEvent[] {
  const composeHash = sha256(encodeUtf8(options.appCompose));
  const none = new Uint8Array(0);
  return [
    firmwareEvent(0, 0x8000000b, 'TD HOB'),
    firmwareEvent(0, 0x8000000a, 'firmware configuration'),
    firmwareEvent(1, 0x80000003, 'kernel'),
    firmwareEvent(2, 6, 'kernel command line'),
    firmwareEvent(2, 6, 'initial file system'),
    dstackEvent('system-preparing', none),
    dstackEvent('app-id', composeHash.subarray(0, 20)),
    dstackEvent('compose-hash', composeHash),
    dstackEvent('instance-id', options.instanceId),
    dstackEvent('boot-mr-done', none),
    dstackEvent('os-image-hash', sha256(encodeUtf8('dcml SIMULATED image'))),
    dstackEvent('key-provider', encodeUtf8('{"name":"none","id":""}')),
    dstackEvent('storage-fs', encodeUtf8('ext4')),
    dstackEvent('system-ready', none),
  ];
}

/** The four runtime registers after all events: each starts as 48 zero bytes and is extended by SHA-384. */
export function replayRegisters(events: readonly RuntimeEvent[]): Uint8Array[] {
  return [0, 1, 2, 3].map((imr) =>
    events
      .filter((event) => event.imr === imr)
      .reduce<Uint8Array>(
        (register, event) => sha384(concatBytes(register, fromHex(event.digest, 'digest', 48))),
        new Uint8Array(48),
      ),
  );
}

/** The JSON text of an event log as the guest agent sends it. */
export function encodeEventLog(events: readonly RuntimeEvent[]): string {
  return JSON.stringify(
    events.map(({ imr, eventType, digest, event, eventPayload }) => ({
      imr,
      event_type: eventType,
      digest,
      event,
      event_payload: eventPayload,
    })),
  );
}
