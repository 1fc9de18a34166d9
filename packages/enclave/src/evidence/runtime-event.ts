import { concatBytes, encodeUtf8 } from '@dcml/core';
import type { RuntimeEvent } from './evidence-source.ts';
import { platformError } from './platform-call.ts';

/** Event type of what dstack extends into RTMR3; the same form everywhere, so that one verifier reads all. */
const EVENT_TYPE = Uint8Array.of(1, 0, 0, 8);
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The bytes whose hash a register is extended by: LE32(0x08000001) ":" name ":" payload. Throws `ENCLAVE_PLATFORM`. */
export function runtimeEventBytes({ name, payload }: RuntimeEvent): Uint8Array<ArrayBuffer> {
  assertEventName(name);
  return concatBytes(EVENT_TYPE, encodeUtf8(`:${name}:`), payload);
}

/** Throws `ENCLAVE_PLATFORM`. */
export function assertEventName(name: string): void {
  if (!NAME.test(name))
    throw platformError('a run-time event needs a name of lowercase letters, digits, . _ and -');
}
