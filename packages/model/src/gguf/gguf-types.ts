/** Value types of the GGUF specification, by their number in the file. */
export const ggufValueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
export type GgufValueType = (typeof ggufValueTypes)[number];

export interface GgufArray {
  readonly type: 'array';
  readonly elementType: GgufValueType;
  readonly value: readonly GgufElement[];
}

/** 64-bit integers are bigint, all other numbers are number; nested arrays keep their own element type. */
export type GgufElement = number | bigint | boolean | string | GgufArray;

export type GgufValue =
  | { readonly type: Exclude<GgufValueType, 'array'>; readonly value: number | bigint | boolean | string }
  | GgufArray;

export interface GgufTensor {
  readonly name: string;
  /** Fastest dimension first: `[columns, rows]` for a matrix. */
  readonly dimensions: readonly number[];
  /** For example `F32` or `Q4_1`. */
  readonly typeName: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  /** Where the tensor directory starts and ends (names, shapes, types, places). */
  readonly directoryOffset: number;
  readonly directoryEnd: number;
  /** Where tensor data starts: after padding that depends on the length of all that is before. */
  readonly dataOffset: number;
}

/** Bounds of what a header may claim, so that a hostile file costs a known amount of memory. */
export interface GgufLimits {
  readonly maxHeaderBytes: number;
  readonly maxEntries: number;
  readonly maxTensors: number;
  /** Array elements over the whole file. */
  readonly maxArrayElements: number;
  readonly maxDepth: number;
}

export const defaultGgufLimits: GgufLimits = {
  maxHeaderBytes: 64 * 1024 * 1024,
  maxEntries: 65_536,
  maxTensors: 65_536,
  maxArrayElements: 4_194_304,
  maxDepth: 4,
};

/** Weights per block and bytes per block of each tensor type (ggml), by its number in the file. */
export const ggufTensorTypes: ReadonlyMap<number, readonly [name: string, block: number, bytes: number]> =
  new Map([
    [0, ['F32', 1, 4]],
    [1, ['F16', 1, 2]],
    [2, ['Q4_0', 32, 18]],
    [3, ['Q4_1', 32, 20]],
    [6, ['Q5_0', 32, 22]],
    [7, ['Q5_1', 32, 24]],
    [8, ['Q8_0', 32, 34]],
    [9, ['Q8_1', 32, 36]],
    [10, ['Q2_K', 256, 84]],
    [11, ['Q3_K', 256, 110]],
    [12, ['Q4_K', 256, 144]],
    [13, ['Q5_K', 256, 176]],
    [14, ['Q6_K', 256, 210]],
    [15, ['Q8_K', 256, 292]],
    [16, ['IQ2_XXS', 256, 66]],
    [17, ['IQ2_XS', 256, 74]],
    [18, ['IQ3_XXS', 256, 98]],
    [19, ['IQ1_S', 256, 50]],
    [20, ['IQ4_NL', 32, 18]],
    [21, ['IQ3_S', 256, 110]],
    [22, ['IQ2_S', 256, 82]],
    [23, ['IQ4_XS', 256, 136]],
    [24, ['I8', 1, 1]],
    [25, ['I16', 1, 2]],
    [26, ['I32', 1, 4]],
    [27, ['I64', 1, 8]],
    [28, ['F64', 1, 8]],
    [29, ['IQ1_M', 256, 56]],
    [30, ['BF16', 1, 2]],
    [34, ['TQ1_0', 256, 54]],
    [35, ['TQ2_0', 256, 66]],
    [39, ['MXFP4', 32, 17]],
  ]);
