import type { GgufHeader, GgufValueType } from './gguf-types.ts';

/** What a program that serves the model wants to know of it. */
export interface GgufFacts {
  /** For example `llama`. */
  readonly architecture: string | undefined;
  readonly name: string | undefined;
  readonly contextTokens: number | undefined;
  /** The Jinja text. */
  readonly chatTemplate: string | undefined;
  readonly beginToken: string | undefined;
  readonly endToken: string | undefined;
  readonly addsBeginToken: boolean | undefined;
}

/** The metadata value of a key, or undefined when it is absent or of another type. */
function metadataOf(header: GgufHeader, key: string, type: GgufValueType): unknown {
  const found = header.metadata.get(key);
  return found?.type === type ? found.value : undefined;
}

const textOf = (header: GgufHeader, key: string): string | undefined =>
  metadataOf(header, key, 'string') as string | undefined;

function tokenOf(header: GgufHeader, key: string): string | undefined {
  const id = metadataOf(header, key, 'uint32') as number | undefined;
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  if (id === undefined || tokens?.type !== 'array' || tokens.elementType !== 'string') return undefined;
  return tokens.value[id] as string | undefined;
}

export function ggufFacts(header: GgufHeader): GgufFacts {
  const architecture = textOf(header, 'general.architecture');
  return {
    architecture,
    name: textOf(header, 'general.name'),
    contextTokens: metadataOf(header, `${architecture}.context_length`, 'uint32') as number | undefined,
    chatTemplate: textOf(header, 'tokenizer.chat_template'),
    beginToken: tokenOf(header, 'tokenizer.ggml.bos_token_id'),
    endToken: tokenOf(header, 'tokenizer.ggml.eos_token_id'),
    addsBeginToken: metadataOf(header, 'tokenizer.ggml.add_bos_token', 'bool') as boolean | undefined,
  };
}
