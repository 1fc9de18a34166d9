import { readFile, stat } from 'node:fs/promises';
import { decodeUtf8 } from '@dcml/core';
import { platformError } from './platform-call.ts';

const MAX_COMPOSE_BYTES = 1 << 20;

/** The compose that the guest was launched with. Clients compare its hash with what the hardware reports. */
export async function readComposeFile(path: string, signal: AbortSignal): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_COMPOSE_BYTES)
    throw platformError(`the compose file has more than ${MAX_COMPOSE_BYTES} bytes`);
  return decodeUtf8(await readFile(path, { signal }));
}
