import { canonicalJsonBytes, type JsonValue, sha256, toHex } from '@dcml/core';
import type { GgufElement, GgufHeader, GgufValue } from './gguf-types.ts';

/** SHA-256 (lowercase hex) of each part of a GGUF file that changes what the model does. */
export interface GgufComponents {
  /** The bytes of the tensor directory, then every byte of tensor data to the end of the file. */
  readonly weights: string;
  /** `tokenizer.*` without the chat templates. */
  readonly tokenizer: string;
  /** `tokenizer.chat_template*`. */
  readonly chat_template: string;
  /** Hyperparameters: everything that no other part has. */
  readonly configuration: string;
  /** `general.file_type`, `general.quantization_version`, `quantize.*`. */
  readonly quantization: string;
  /** The other `general.*`: names, authors, licence. */
  readonly description: string;
}

export type GgufComponent = keyof GgufComponents;
export const ggufComponentNames: readonly GgufComponent[] = [
  'weights',
  'tokenizer',
  'chat_template',
  'configuration',
  'quantization',
  'description',
];

/** The part to which a metadata key belongs. */
export function componentOfKey(key: string): Exclude<GgufComponent, 'weights'> {
  if (key === 'tokenizer.chat_template' || /^tokenizer\.chat_template[s.]/.test(key)) return 'chat_template';
  if (key.startsWith('tokenizer.')) return 'tokenizer';
  if (key === 'general.file_type' || key === 'general.quantization_version') return 'quantization';
  if (key.startsWith('quantize.')) return 'quantization';
  if (key === 'general.architecture' || key === 'general.alignment') return 'configuration';
  return key.startsWith('general.') ? 'description' : 'configuration';
}

function plain(value: GgufElement): JsonValue {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    // JSON has no form for these.
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : Object.is(value, -0)
        ? '-0'
        : String(value);
  }
  return typeof value === 'object' ? typed(value) : value;
}

/** A metadata value as JSON that keeps its type: `["uint32", 7]`, `["array", "string", [...]]`. */
function typed(value: GgufValue): JsonValue {
  if (value.type === 'array') return ['array', value.elementType, value.value.map(plain)];
  return [value.type, plain(value.value)];
}

/**
 * Digests of the metadata parts: SHA-256 of the RFC 8785 form of `{key: typed value}`. `hash` may be a faster SHA-256
 * than the portable one.
 */
export function digestMetadata(
  header: GgufHeader,
  hash: (bytes: Uint8Array) => Uint8Array = sha256,
): Omit<GgufComponents, 'weights'> {
  const digest = (component: GgufComponent): string => {
    const members = [...header.metadata].filter(([key]) => componentOfKey(key) === component);
    const json = Object.fromEntries(members.map(([key, value]) => [key, typed(value)]));
    return toHex(hash(canonicalJsonBytes(json)));
  };
  return {
    tokenizer: digest('tokenizer'),
    chat_template: digest('chat_template'),
    configuration: digest('configuration'),
    quantization: digest('quantization'),
    description: digest('description'),
  };
}
