import { ModelError } from '../model-error.ts';
import { GgufCursor, MoreBytesNeeded } from './gguf-cursor.ts';
import {
  defaultGgufLimits,
  type GgufArray,
  type GgufElement,
  type GgufHeader,
  type GgufLimits,
  type GgufValue,
  type GgufValueType,
  ggufValueTypes,
} from './gguf-types.ts';
import { readTensorDirectory } from './tensor-directory.ts';

const MAGIC = 0x46554747; // "GGUF", little-endian
const SCALAR_BYTES: Readonly<Record<GgufValueType, number>> = {
  uint8: 1,
  int8: 1,
  bool: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
  // The least that a string (its length) or an array (type and length) takes.
  string: 8,
  array: 12,
};

function limit(what: string, value: number, most: number): void {
  if (value > most) {
    throw new ModelError('MODEL_GGUF_LIMIT', `GGUF: ${what} is ${value}, at most ${most} is read`, {
      details: { limit: what, value, most },
    });
  }
}

class ValueReader {
  readonly #cursor: GgufCursor;
  readonly #limits: GgufLimits;
  #elements = 0;

  constructor(cursor: GgufCursor, limits: GgufLimits) {
    this.#cursor = cursor;
    this.#limits = limits;
  }

  value(): GgufValue {
    const type = this.#type();
    if (type === 'array') return this.#array(1);
    return { type, value: this.#scalar(type) };
  }

  #type(): GgufValueType {
    const number = this.#cursor.uint32();
    return ggufValueTypes[number] ?? this.#cursor.fail(`unknown value type ${number}`);
  }

  #scalar(type: Exclude<GgufValueType, 'array'>): number | bigint | boolean | string {
    return this.#cursor[type]();
  }

  #array(depth: number): GgufArray {
    limit('array depth', depth, this.#limits.maxDepth);
    const elementType = this.#type();
    const count = this.#cursor.size('array length');
    this.#elements += count;
    limit('number of array elements', this.#elements, this.#limits.maxArrayElements);
    if (count * SCALAR_BYTES[elementType] > this.#cursor.remaining) {
      this.#cursor.fail('an array is longer than the file');
    }
    const value: GgufElement[] = [];
    for (let i = 0; i < count; i++) {
      value.push(elementType === 'array' ? this.#array(depth + 1) : this.#scalar(elementType));
    }
    return { type: 'array', elementType, value };
  }
}

function readMetadata(cursor: GgufCursor, count: number, limits: GgufLimits): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  const reader = new ValueReader(cursor, limits);
  for (let i = 0; i < count; i++) {
    const key = cursor.string();
    if (key.length === 0 || key.length > 65_535) cursor.fail('a key is empty or too long');
    if (metadata.has(key)) cursor.fail(`key ${JSON.stringify(key.slice(0, 100))} occurs twice`);
    metadata.set(key, reader.value());
  }
  return metadata;
}

function alignmentOf(cursor: GgufCursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const entry = metadata.get('general.alignment');
  if (entry === undefined) return 32;
  const { type, value } = entry;
  if (
    type !== 'uint32' ||
    typeof value !== 'number' ||
    value < 8 ||
    value > 65_536 ||
    (value & (value - 1)) !== 0
  ) {
    cursor.fail('general.alignment is not a power of two from 8 to 65536');
  }
  return value;
}

function readHeader(cursor: GgufCursor, fileSize: number, limits: GgufLimits): GgufHeader {
  if (cursor.uint32() !== MAGIC) cursor.fail('not a GGUF file');
  const version = cursor.uint32();
  if (version !== 2 && version !== 3) cursor.fail(`version ${version} is not read (2 and 3 are)`);
  const tensorCount = cursor.size('number of tensors');
  const entryCount = cursor.size('number of metadata entries');
  limit('number of tensors', tensorCount, limits.maxTensors);
  limit('number of metadata entries', entryCount, limits.maxEntries);
  const metadata = readMetadata(cursor, entryCount, limits);
  const alignment = alignmentOf(cursor, metadata);
  const directoryOffset = cursor.offset;
  const { tensors, dataOffset } = readTensorDirectory(cursor, tensorCount, alignment, fileSize);
  return { version, metadata, tensors, directoryOffset, directoryEnd: cursor.offset, dataOffset };
}

/**
 * Header of a GGUF file (specification of ggml, versions 2 and 3) from the first bytes of the file; undefined when
 * it needs more of them. Throws `MODEL_GGUF` on anything malformed and `MODEL_GGUF_LIMIT` beyond the limits.
 */
export function parseGgufPrefix(
  bytes: Uint8Array,
  fileSize: number,
  limits: GgufLimits = defaultGgufLimits,
): GgufHeader | undefined {
  try {
    return readHeader(new GgufCursor(bytes, fileSize), fileSize, limits);
  } catch (error) {
    if (!(error instanceof MoreBytesNeeded)) throw error;
    limit('header size in bytes', bytes.length + 1, limits.maxHeaderBytes);
    return undefined;
  }
}

/** Bytes of a file from `offset` on; fewer than `length` only where the file ends. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

const FIRST_READ = 1024 * 1024;

/**
 * Header of a GGUF file of `fileSize` bytes, read through `read` in steps that double up to the limit.
 * Throws `MODEL_GGUF`, `MODEL_GGUF_LIMIT`, and what `read` throws.
 */
export async function parseGgufHeader(
  read: ReadRange,
  fileSize: number,
  limits: GgufLimits = defaultGgufLimits,
): Promise<GgufHeader> {
  for (let length = FIRST_READ; ; length *= 2) {
    const wanted = Math.min(length, fileSize, limits.maxHeaderBytes);
    const bytes = await read(0, wanted);
    if (bytes.length !== wanted) {
      throw new ModelError('MODEL_GGUF', `GGUF: ${bytes.length} of ${wanted} bytes could be read`);
    }
    const header = parseGgufPrefix(bytes, fileSize, limits);
    if (header !== undefined) return header;
  }
}
