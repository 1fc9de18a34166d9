import type { RuntimeEvent } from './evidence.ts';
import { DSTACK_EVENT_TYPE } from './replay.ts';

/** The event that ends the boot; what an application emits comes after it. */
const LAST_BOOT_EVENT = 'system-ready';

/** What a guest measured between power-on and `system-ready`, by name; each name once. */
export type BootEvents = ReadonlyMap<string, RuntimeEvent>;

/**
 * Reads the boot events of RTMR3. A name that comes twice, before or after `system-ready`, could stand for two
 * statements and is refused. So is a name with a colon: only without one is the split of name and payload unique in
 * the digest.
 */
export function readBootEvents(
  events: readonly RuntimeEvent[],
):
  | { readonly boot: BootEvents; readonly problem?: undefined }
  | { readonly boot?: undefined; readonly problem: string } {
  const boot = new Map<string, RuntimeEvent>();
  let isBooted = false;
  for (const event of events) {
    const name = JSON.stringify(event.event);
    if (event.eventType !== DSTACK_EVENT_TYPE) {
      return { problem: `event ${name} of RTMR3 has type ${event.eventType}, not dstack's` };
    }
    if (event.event.includes(':')) return { problem: `event name ${name} has a colon` };
    if (boot.has(event.event)) {
      return { problem: `boot event ${name} comes again ${isBooted ? 'after' : 'before'} system-ready` };
    }
    if (isBooted) continue;
    boot.set(event.event, event);
    isBooted = event.event === LAST_BOOT_EVENT;
  }
  return isBooted ? { boot } : { problem: 'the log has no system-ready: the guest did not finish its boot' };
}
