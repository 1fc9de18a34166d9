import {
  getLlama,
  type Llama,
  type LlamaContext,
  type LlamaEmbeddingContext,
  LlamaLogLevel,
  type LlamaModel,
} from 'node-llama-cpp';
import { EngineError } from '../engine-error.ts';
import { ChatTemplate } from './chat-template.ts';
import { PromptTokenizer } from './prompt-tokens.ts';
import { findToolFormat, type ToolFormat } from './tool-format.ts';
import { Vocabulary } from './vocabulary.ts';

export interface LoadOptions {
  readonly modelPath: string;
  readonly modelName: string;
  readonly contextTokens: number | null;
  readonly maxSequences: number;
  readonly threads: number;
  readonly gpu: 'auto' | false;
  /** Replaces the template in the file, for models that ship it beside the weights. */
  readonly chatTemplate: string | null;
  readonly signal: AbortSignal;
}

/** A loaded model and everything that is read from its file. */
export interface LlamaModelParts {
  readonly modelName: string;
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly contextTokens: number;
  readonly vocabulary: Vocabulary;
  readonly tokenizer: PromptTokenizer;
  readonly template: ChatTemplate | null;
  readonly toolFormat: ToolFormat | null;
  /** Made on first use: it needs memory of its own. */
  embeddingContext(): Promise<LlamaEmbeddingContext>;
}

/** Tokens per sequence when the operator names no number: each sequence reserves memory for all of them. */
const DEFAULT_CONTEXT_TOKENS = 2048;
const BATCH_TOKENS = 512;

/** Loads a GGUF file. Throws `ENGINE_CONFIGURATION`, or the signal's reason. */
export async function loadModel(options: LoadOptions): Promise<LlamaModelParts> {
  const { signal, gpu, threads, maxSequences } = options;
  signal.throwIfAborted();
  const llama = await getLlama({
    gpu,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    // Its log may quote text that is being worked on.
    logLevel: LlamaLogLevel.disabled,
  });
  try {
    const model = await llama.loadModel({ modelPath: options.modelPath, loadSignal: signal });
    const contextTokens = Math.min(options.contextTokens ?? DEFAULT_CONTEXT_TOKENS, model.trainContextSize);
    const vocabulary = new Vocabulary(model);
    const { bosString, eosString } = model.tokens;
    const source = options.chatTemplate ?? model.fileInfo.metadata.tokenizer.chat_template;
    const template =
      source === undefined ? null : new ChatTemplate(source, { bos: bosString ?? '', eos: eosString ?? '' });
    const context = await model.createContext({
      sequences: maxSequences,
      contextSize: contextTokens,
      batchSize: Math.min(BATCH_TOKENS, contextTokens * maxSequences),
      threads,
      createSignal: signal,
    });
    let embedding: Promise<LlamaEmbeddingContext> | null = null;
    return {
      modelName: options.modelName,
      llama,
      model,
      context,
      contextTokens,
      vocabulary,
      tokenizer: new PromptTokenizer(model, vocabulary, source ?? ''),
      template,
      toolFormat: template === null ? null : findToolFormat(template, vocabulary.endTokens),
      embeddingContext: () =>
        (embedding ??= model.createEmbeddingContext({ contextSize: contextTokens, threads })),
    };
  } catch (cause) {
    await llama.dispose();
    signal.throwIfAborted();
    if (cause instanceof EngineError) throw cause;
    throw new EngineError('ENGINE_CONFIGURATION', `the model file cannot be loaded: ${options.modelPath}`, {
      cause,
    });
  }
}
