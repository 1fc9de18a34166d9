import { basename, extname, resolve } from 'node:path';
import type { NetworkModel } from '@dcml/devnet';
import type { PulledModel, PullOptions } from '@dcml/model/node';
import { reportPull } from './pull-progress.ts';

export interface ModelChoice {
  /** A name of the catalogue, or the path of a GGUF file. */
  readonly model: string;
  readonly modelsDirectory: string;
  readonly onProgress: (line: string) => void;
  /** For what the user must not miss. */
  readonly onWarning: (line: string) => void;
  readonly signal: AbortSignal;
  /** Instead of `pullModel`. */
  readonly pull?: (options: PullOptions) => Promise<PulledModel>;
}

/** A path looks like one; everything else is a name, so that a wrong name is not taken for a missing file. */
function isPath(text: string): boolean {
  return text.includes('/') || text.includes('\\') || extname(text) !== '';
}

async function findFile(choice: ModelChoice): Promise<{ name: string; path: string }> {
  const { model: name, modelsDirectory: cacheDir, onProgress, onWarning, signal } = choice;
  if (isPath(name)) return { name: basename(name, extname(name)).toLowerCase(), path: resolve(name) };
  const { pullModel, tinyFallback } = await import('@dcml/model/node');
  const pull = choice.pull ?? pullModel;
  try {
    const { model, path } = await pull({ name, cacheDir, onProgress: reportPull(onProgress), signal });
    return { name: model.name, path };
  } catch (error) {
    const { model, path, notice } = tinyFallback(error);
    onWarning(`WARNING: ${notice}`);
    return { name: model.name, path };
  }
}

/**
 * The model file that a network serves. A name that no source gives falls back to the tiny model, with a warning; a file
 * is taken as it is. Throws `MODEL_*` and the signal's reason.
 */
export async function chooseModel(choice: ModelChoice): Promise<NetworkModel> {
  const file = await findFile(choice);
  const { hashModel } = await import('@dcml/model/node');
  const { modelHash } = await hashModel(file.path, { signal: choice.signal });
  return { ...file, hash: modelHash };
}
