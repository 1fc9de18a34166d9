import type { GgufHeader } from '../gguf/gguf-types.ts';
import { parseGgufHeader } from '../gguf/parse-gguf.ts';
import { withFile } from './with-file.ts';

/** Header of a GGUF file on disk. Throws `MODEL_GGUF`, `MODEL_GGUF_LIMIT`, or the file system's error. */
export async function readGgufFile(path: string): Promise<GgufHeader> {
  return await withFile(path, 'r', async (file) => {
    const { size } = await file.stat();
    return await parseGgufHeader(async (offset, length) => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      return bytes.subarray(0, bytesRead);
    }, size);
  });
}
