import type { DigestText } from '@dcml/core';
import type { HashedModel } from '@dcml/model/node';
import type { ModelEvent } from '@dcml/receipt';

/** llama.cpp's `llama_ftype`, the values of `general.file_type` in GGUF metadata. */
const FILE_TYPES: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  7: 'Q8_0',
  8: 'Q5_0',
  9: 'Q5_1',
  10: 'Q2_K',
  11: 'Q3_K_S',
  12: 'Q3_K_M',
  13: 'Q3_K_L',
  14: 'Q4_K_S',
  15: 'Q4_K_M',
  16: 'Q5_K_S',
  17: 'Q5_K_M',
  18: 'Q6_K',
  32: 'BF16',
};

function quantizationOf({ ggufHeaders }: HashedModel): string | null {
  const [header] = ggufHeaders.values();
  const fileType = header?.metadata.get('general.file_type')?.value;
  if (typeof fileType !== 'number') return null;
  return FILE_TYPES[fileType] ?? `file type ${fileType}`;
}

/** What receipts say of a model, but for the engine: the hashes of its files and of the parts inside a GGUF file. */
export function describeModel(hashed: HashedModel): Omit<ModelEvent, 'engine'> {
  const { resources } = hashed.manifest.predicate;
  const parts = resources.find((resource) => resource.gguf !== undefined)?.gguf;
  const text = (hex: string | undefined): DigestText | null => (hex === undefined ? null : `sha256:${hex}`);
  return {
    type: 'dcml.model',
    model: hashed.modelHash,
    weights: resources.map((resource): DigestText => `sha256:${resource.digest}`),
    tokenizer: text(parts?.tokenizer),
    chatTemplate: text(parts?.chat_template),
    configuration: text(parts?.configuration),
    quantization: quantizationOf(hashed),
    adapter: null,
  };
}
