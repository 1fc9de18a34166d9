import { constants, type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';

/** The files that a report entry of configfs consists of, as an interface so that a test can stand in for a kernel. */
export interface TsmFiles {
  makeEntry(path: string): Promise<void>;
  removeEntry(path: string): Promise<void>;
  /** Throws a `RangeError` on a file of more than `limitBytes`. */
  read(path: string, limitBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /** One write of all bytes: an attribute takes each write for a value. */
  write(path: string, bytes: Uint8Array): Promise<void>;
}

async function readAll(file: FileHandle, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  // Attributes have no size to ask for: read until the end.
  const buffer = new Uint8Array(limitBytes + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.slice(0, length);
    length += bytesRead;
    if (length > limitBytes) throw new RangeError(`more than ${limitBytes} bytes`);
  }
}

/** The kernel's own. Errors are those of the system calls. */
export const kernelTsmFiles: TsmFiles = {
  makeEntry: (path) => mkdir(path),
  removeEntry: (path) => rmdir(path),
  async read(path, limitBytes) {
    await using file = await open(path, constants.O_RDONLY);
    return await readAll(file, limitBytes);
  },
  async write(path, bytes) {
    // Neither created nor cut: attributes exist, and some can only be written.
    await using file = await open(path, constants.O_WRONLY);
    const { bytesWritten } = await file.write(bytes, 0, bytes.length, null);
    if (bytesWritten !== bytes.length) throw new RangeError(`wrote ${bytesWritten} of ${bytes.length} bytes`);
  },
};
