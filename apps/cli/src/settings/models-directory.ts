import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { CommandContext, Option } from '../program/command.ts';

export const modelsDirectoryOption: Option = {
  type: 'string',
  value: 'DIR',
  description: 'where model files are kept (default: $XDG_CACHE_HOME/dcml/models)',
};

/** Where pulled models are kept: shared by all homes, since a model file is what its hash says, wherever it lies. */
export function modelsDirectory({ strings, env }: Pick<CommandContext, 'strings' | 'env'>): string {
  const given = strings['models-dir'];
  if (given !== undefined) return resolve(given);
  const cache = env['XDG_CACHE_HOME'];
  const base = cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), '.cache');
  return join(base, 'dcml', 'models');
}
