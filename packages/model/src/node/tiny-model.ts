import { type CatalogueModel, findCatalogueModel } from '../catalogue.ts';
import { ModelError } from '../model-error.ts';
import { repositoryPath } from './repository-path.ts';

/** Path of the tiny model that the repository carries. */
export function tinyModelPath(): string {
  return repositoryPath('models/tiny/model.gguf');
}

export interface TinyFallback {
  readonly model: CatalogueModel;
  readonly path: string;
  /** For the user: which sources were tried and what is used instead. */
  readonly notice: string;
}

/**
 * What a caller may use when no source gave the model it wanted. That is the caller's decision: nothing here falls
 * back on its own. Throws `error` again unless it is `MODEL_UNREACHABLE`.
 */
export function tinyFallback(error: unknown): TinyFallback {
  if (!(error instanceof ModelError) || error.code !== 'MODEL_UNREACHABLE') throw error;
  const tried = error.details['tried'];
  const reasons = Array.isArray(tried) ? tried.map((reason) => `\n  - ${reason}`).join('') : '';
  return {
    model: findCatalogueModel('tiny'),
    path: tinyModelPath(),
    notice: `${error.message}; the tiny test model is used instead. Tried:${reasons}`,
  };
}
