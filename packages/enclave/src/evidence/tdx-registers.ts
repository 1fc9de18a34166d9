import { sha384 } from '@dcml/core';
import type { RuntimeEvent } from './evidence-source.ts';
import { runtimeEventBytes } from './runtime-event.ts';
import type { TsmFiles } from './tsm-files.ts';

/** The register that applications may extend. */
const REGISTER = 'rtmr3:sha384';
const ATTEMPTS = 3;

/**
 * Extends RTMR3 by SHA-384 of the event, through the files that Linux 6.16 and later keep under
 * `/sys/class/misc/tdx_guest/measurements`. Rejects with the system's error.
 */
export async function extendTdxRegister(
  files: TsmFiles,
  directory: string,
  event: RuntimeEvent,
  signal: AbortSignal,
): Promise<void> {
  const path = `${directory}/${REGISTER}`;
  const digest = sha384(runtimeEventBytes(event));
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      await files.write(path, digest);
      return;
    } catch (error) {
      // EINTR is the one failure of which the kernel says that nothing was extended.
      const interrupted = (error as NodeJS.ErrnoException).code === 'EINTR';
      if (!interrupted || attempt === ATTEMPTS) throw error;
    }
  }
}
