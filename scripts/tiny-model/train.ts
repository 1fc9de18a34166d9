import { createAdam } from './adam.ts';
import { backward, crossEntropy } from './backward.ts';
import type { Corpus, Dialogue } from './corpus.ts';
import { batchTexts, forward } from './forward.ts';
import { initializeWeights } from './initialize.ts';
import { allocateTensors, type ModelShape, type Tensors } from './model-shape.ts';
import { createRandomStream, type RandomStream, shuffle } from './random.ts';
import type { Recipe } from './recipe.ts';
import { encodeChat, renderChat } from './render-chat.ts';
import { createTokenizer, endOfTextId, type Tokenizer } from './tokenizer.ts';
import { trainBpe } from './train-bpe.ts';

export interface TrainedModel {
  readonly shape: ModelShape;
  readonly weights: Tensors;
  readonly tokenizer: Tokenizer;
  /** Running mean over about the last 20 steps, nats per learnt token. */
  readonly finalLoss: number;
  readonly tokensSeen: number;
}

export interface TrainProgress {
  readonly step: number;
  readonly loss: number;
}

/** Ids and, per position, whether the token there is learnt. */
interface Example {
  readonly ids: readonly number[];
  readonly learnt: readonly boolean[];
}

function dialogueExample(
  tokenizer: Tokenizer,
  dialogue: Dialogue,
  recipe: Recipe,
  random: RandomStream,
): Example {
  const hasSystem = dialogue.messages[0]?.role === 'system';
  const addSystem = !hasSystem && random.next() < recipe.systemShare;
  const pick = recipe.systemMessages[Math.floor(random.next() * recipe.systemMessages.length)]!;
  const messages = addSystem
    ? [{ role: 'system' as const, content: pick }, ...dialogue.messages]
    : dialogue.messages;
  const ids: number[] = [];
  const learnt: boolean[] = [];
  for (const { text, isLearnt } of renderChat(messages, dialogue.tools)) {
    for (const id of encodeChat(tokenizer, text)) {
      ids.push(id);
      learnt.push(isLearnt);
    }
  }
  return { ids, learnt };
}

/** Some plain dialogues followed by another one, as a longer conversation. */
function chainDialogues(dialogues: readonly Dialogue[], recipe: Recipe, random: RandomStream): Dialogue[] {
  const isPlain = ({ messages, tools }: Dialogue): boolean =>
    tools.length === 0 && messages[0]?.role !== 'system';
  const plain = dialogues.filter(isPlain);
  return dialogues.map((dialogue) => {
    if (!isPlain(dialogue) || random.next() >= recipe.chainShare) return dialogue;
    const next = plain[Math.floor(random.next() * plain.length)]!;
    return { messages: [...dialogue.messages, ...next.messages], tools: [] };
  });
}

function proseExample(tokenizer: Tokenizer, text: string): Example {
  const ids = [...tokenizer.encode(text), endOfTextId];
  return { ids, learnt: ids.map(() => true) };
}

/** Every text of the corpus once, in random order, endlessly. */
function* examples(
  corpus: Corpus,
  tokenizer: Tokenizer,
  recipe: Recipe,
  random: RandomStream,
): Generator<Example> {
  for (;;) {
    const pass = [
      ...corpus.prose.map((text) => proseExample(tokenizer, text)),
      ...chainDialogues(corpus.dialogues, recipe, random).map((dialogue) =>
        dialogueExample(tokenizer, dialogue, recipe, random),
      ),
    ];
    shuffle(pass, random);
    yield* pass;
  }
}

function learningRate(recipe: Recipe, step: number): number {
  const { warmupSteps, steps, peakLearningRate, finalLearningRate } = recipe;
  if (step < warmupSteps) return (peakLearningRate * (step + 1)) / warmupSteps;
  const share = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return finalLearningRate + 0.5 * (peakLearningRate - finalLearningRate) * (1 + Math.cos(Math.PI * share));
}

function takeExamples(source: Generator<Example>, tokens: number): Example[] {
  const taken: Example[] = [];
  for (let count = 0; count < tokens; ) {
    const example = source.next().value as Example;
    taken.push(example);
    count += example.ids.length;
  }
  return taken;
}

/** Tokenizer and weights from a corpus; the same corpus, recipe and JavaScript engine give the same bytes. */
export function trainModel(
  corpus: Corpus,
  recipe: Recipe,
  onProgress: (progress: TrainProgress) => void = () => {},
): TrainedModel {
  const random = createRandomStream(recipe.seed);
  const chatTexts = corpus.dialogues.flatMap(({ messages, tools }) =>
    renderChat(messages, tools).flatMap(({ text }) => text.split(/<\|\w+\|>/)),
  );
  const tokenizer = createTokenizer(trainBpe([...corpus.prose, ...chatTexts], recipe.mergeCount));
  const shape: ModelShape = { ...recipe.shape, vocabulary: tokenizer.tokens.length };
  const weights = initializeWeights(shape, random);
  const gradients = allocateTensors(shape, (length) => new Float32Array(length));
  const adam = createAdam(shape, recipe.adam);
  const source = examples(corpus, tokenizer, recipe, random);
  let tokensSeen = 0;
  let recentLoss = 0;
  for (let step = 0; step < recipe.steps; step++) {
    const taken = takeExamples(source, recipe.tokensPerStep);
    const batch = batchTexts(taken.map(({ ids }) => ids.slice(0, -1)));
    const targets = Int32Array.from(
      taken.flatMap(({ ids, learnt }) => ids.slice(1).map((id, i) => (learnt[i + 1] ? id : -1))),
    );
    const trace = forward(shape, weights, batch);
    const loss = crossEntropy(shape, trace, targets);
    backward(shape, weights, gradients, batch, trace);
    adam.step(weights, gradients, learningRate(recipe, step));
    tokensSeen += batch.tokens.length;
    recentLoss = step === 0 ? loss : 0.95 * recentLoss + 0.05 * loss;
    onProgress({ step, loss });
  }
  return { shape, weights, tokenizer, finalLoss: recentLoss, tokensSeen };
}
