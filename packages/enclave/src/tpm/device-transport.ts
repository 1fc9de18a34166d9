import { constants, type FileHandle, open } from 'node:fs/promises';
import { orAborted } from '../evidence/platform-call.ts';
import { MAX_ANSWER_BYTES, type TpmTransport } from './tpm-transport.ts';

async function closeQuietly(file: FileHandle): Promise<void> {
  await file.close().catch(() => {});
}

/** The kernel's resource manager, `/dev/tpmrm0`: one write is a command, one read its answer. */
export function createDeviceTransport(path: string): TpmTransport {
  let current: FileHandle | null = null;
  const drop = async (): Promise<void> => {
    const file = current;
    current = null;
    if (file !== null) await closeQuietly(file);
  };
  const run = async (command: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
    current ??= await open(path, constants.O_RDWR);
    const file = current;
    await file.write(command, 0, command.length, null);
    const buffer = new Uint8Array(MAX_ANSWER_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    return buffer.slice(0, bytesRead);
  };
  return {
    async exchange(command, signal) {
      const running = run(command);
      try {
        return await orAborted(running, signal);
      } catch (error) {
        // The kernel finishes the command; only then can the file be closed, and the next one gets a file of its own.
        const file = current;
        current = null;
        if (file !== null) void running.catch(() => {}).then(() => closeQuietly(file));
        throw error;
      }
    },
    close: drop,
  };
}
