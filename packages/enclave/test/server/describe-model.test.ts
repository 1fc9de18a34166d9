import { hashModel, tinyModelPath } from '@dcml/model/node';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/model/describe-model.ts';

describe('describeModel', () => {
  it('names every part of a GGUF model and its quantization', async () => {
    const hashed = await hashModel(tinyModelPath());
    const event = describeModel(hashed);
    const [file] = hashed.manifest.predicate.resources;
    expect(event.model).toBe(hashed.modelHash);
    expect(event.weights).toEqual([`sha256:${file?.digest}`]);
    expect(event.tokenizer).toBe(`sha256:${file?.gguf?.tokenizer}`);
    expect(event.chatTemplate).toBe(`sha256:${file?.gguf?.chat_template}`);
    expect(event.configuration).toBe(`sha256:${file?.gguf?.configuration}`);
    expect(event.quantization).toBe('F32');
  });
});
