import type { LlamaContextSequence, Token } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { DecodeRound } from '../../src/engine/llama/decode-round.ts';
import { type DrawOptions, drawTokens } from '../../src/engine/llama/draw-tokens.ts';

/** A sequence whose model says 1, 2, 3 and so on without end. */
function fakeSequence(): {
  readonly sequence: LlamaContextSequence;
  readonly evaluated: number[];
  readonly log: { drawn: number; returned: boolean };
} {
  const evaluated: number[] = [];
  const log = { drawn: 0, returned: false };
  const sequence = {
    evaluateWithoutGeneratingNewTokens(tokens: readonly Token[]) {
      evaluated.push(tokens.length);
      return Promise.resolve();
    },
    async *evaluateWithMetadata(tokens: readonly Token[]) {
      evaluated.push(tokens.length);
      try {
        for (;;) yield { token: ++log.drawn as Token };
      } finally {
        log.returned = true;
      }
    },
  };
  return { sequence: sequence as unknown as LlamaContextSequence, evaluated, log };
}

function options(signal: AbortSignal): DrawOptions {
  return {
    sampling: {
      temperature: 0,
      topP: 1,
      seed: null,
      frequencyPenalty: 0,
      presencePenalty: 0,
      logitBias: new Map(),
    },
    seed: 1,
    bias: null,
    grammar: null,
    topLogprobs: null,
    sliceTokens: 4,
    round: new DecodeRound(),
    signal,
  };
}

const prompt = (length: number): Token[] => Array.from({ length }, (_, i) => i as Token);

describe('drawTokens', () => {
  it('evaluates a long prompt in slices', async () => {
    for (const [length, slices] of [
      [1, [1]],
      [4, [4]],
      [5, [4, 1]],
      [12, [4, 4, 4]],
    ] as const) {
      const { sequence, evaluated } = fakeSequence();
      for await (const _ of drawTokens(sequence, prompt(length), options(new AbortController().signal)))
        break;
      expect(evaluated).toEqual(slices);
    }
  });

  it('stops the model at once when aborted while it generates', async () => {
    const { sequence, log } = fakeSequence();
    const controller = new AbortController();
    const reason = new Error('gone');
    const read = async (): Promise<void> => {
      for await (const { token } of drawTokens(sequence, prompt(1), options(controller.signal))) {
        if (token === 2) controller.abort(reason);
      }
    };
    await expect(read()).rejects.toBe(reason);
    expect(log).toEqual({ drawn: 2, returned: true });
  });

  it('stops between two slices when aborted while it reads the prompt', async () => {
    const { sequence, evaluated, log } = fakeSequence();
    const drawn = drawTokens(sequence, prompt(100), options(AbortSignal.abort(new Error('gone'))));
    await expect(drawn.next()).rejects.toThrow('gone');
    expect(evaluated).toEqual([4]);
    expect(log.drawn).toBe(0);
  });
});

describe('DecodeRound', () => {
  it('lets nobody go on before all members have arrived or left', async () => {
    const round = new DecodeRound();
    for (let i = 0; i < 3; i++) round.enter();
    const gone: string[] = [];
    const arrive = (name: string): Promise<void> => round.arrive().then(() => void gone.push(name));
    const a = arrive('a');
    const b = arrive('b');
    await new Promise((resolve) => setImmediate(resolve));
    expect(gone).toEqual([]);
    const c = arrive('c');
    await Promise.all([a, b, c]);
    const again = arrive('a');
    round.leave();
    await new Promise((resolve) => setImmediate(resolve));
    expect(gone).toEqual(['a', 'b', 'c']);
    round.leave();
    await again;
    await arrive('a');
  });
});
