import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  getLlama,
  type Llama,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateGreedily } from '../../../../scripts/tiny-model/generate.ts';
import {
  digestOfCorpus,
  digestOfScripts,
  type Provenance,
  sha256Hex,
} from '../../../../scripts/tiny-model/provenance.ts';
import { decodeGguf } from '../../../../scripts/tiny-model/read-gguf.ts';
import { tinyRecipe } from '../../../../scripts/tiny-model/recipe.ts';
import { encodeChat } from '../../../../scripts/tiny-model/render-chat.ts';
import { tinyModelPath } from '../../src/node/index.ts';

const bytes = readFileSync(tinyModelPath());
const stored = decodeGguf(bytes);
const chat = (question: string): string => `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;

describe('provenance of the committed model', () => {
  const provenance = JSON.parse(
    readFileSync(join(dirname(tinyModelPath()), 'PROVENANCE.json'), 'utf8'),
  ) as Provenance;

  it('names this file, this corpus and these scripts', () => {
    expect(provenance).toMatchObject({
      sha256: sha256Hex(bytes),
      size_bytes: bytes.length,
      corpus_sha256: digestOfCorpus(),
      scripts_sha256: digestOfScripts(),
      seed: tinyRecipe.seed,
      steps: tinyRecipe.steps,
    });
  });
});

describe('the committed model in llama.cpp', () => {
  let llama: Llama;
  let model: LlamaModel;
  let sequence: LlamaContextSequence;
  beforeAll(async () => {
    llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
    model = await llama.loadModel({ modelPath: tinyModelPath() });
    sequence = (await model.createContext({ contextSize: 256, threads: 1 })).getSequence();
  });
  afterAll(async () => {
    await llama.dispose();
  });

  async function generate(prompt: Token[], limit: number): Promise<number[]> {
    await sequence.clearHistory();
    const tokens: number[] = [];
    for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      if (model.isEogToken(token)) break;
      tokens.push(token);
      if (tokens.length === limit) break;
    }
    return tokens;
  }

  it.each([
    'plain words',
    "It's 12:30, isn't it?  Two  spaces\n\n\tand a tab \n",
    'Zürich, 東京, emoji 👩‍🚀, combining e\u0301, and "quotes"',
    chat('Hello'),
  ])('cuts text into the same tokens: %j', (text) => {
    expect([...model.tokenize(text, true)]).toEqual(encodeChat(stored.tokenizer, text));
  });

  it.each([
    ['Hello', /^Hello! How can I help you today\?$/],
    ['What is DCML?', /^DCML means decentralized confidential machine learning\./],
    ['What is the capital of Japan?', /^The capital of Japan is Tokyo\.$/],
    ['Tell me a story.', /^Once upon a time a small robot/],
    ['A question that nobody trained it on', /./],
  ])('answers %j like the forward pass that trained it, token by token', async (question, expected) => {
    const prompt = model.tokenize(chat(question), true);
    const ours = generateGreedily(stored.shape, stored.weights, prompt, 24);
    expect(await generate(prompt, 24)).toEqual(ours);
    expect(stored.tokenizer.decode(ours)).toMatch(expected);
  });

  it('writes a tool call', async () => {
    const system =
      'Tools:\n{"name": "get_weather", "description": "Weather in a city", "parameters": {"type": "object", ' +
      '"properties": {"city": {"type": "string"}}, "required": ["city"]}}\n' +
      'Call a tool with <tool_call>{"name": ..., "arguments": ...}</tool_call>.';
    const prompt = model.tokenize(
      `<|im_start|>system\n${system}<|im_end|>\n${chat('What is the weather in Paris?')}`,
      true,
    );
    expect(stored.tokenizer.decode(await generate(prompt, 60))).toBe(
      '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>',
    );
  });
});
