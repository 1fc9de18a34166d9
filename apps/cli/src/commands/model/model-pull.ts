import { reportPull } from '../../model/pull-progress.ts';
import type { Command } from '../../program/command.ts';
import { modelsDirectory, modelsDirectoryOption } from '../../settings/models-directory.ts';

export const modelPull: Command = {
  name: 'model pull',
  summary: 'get a model file, resuming a broken download, and check its pinned SHA-256',
  usage: 'NAME',
  arity: [1, 1],
  options: {
    file: {
      type: 'string',
      value: 'FILE',
      description: 'a copy on this machine, tried first',
      flagOnly: true,
    },
    'models-dir': modelsDirectoryOption,
  },
  examples: ['dcml model pull smollm2-135m', 'dcml model pull smollm2-135m --file ~/Downloads/model.gguf'],
  async run(context) {
    const { positionals, strings, output, signal } = context;
    const { pullModel } = await import('@dcml/model/node');
    const pulled = await pullModel({
      name: positionals[0] ?? '',
      file: strings['file'],
      cacheDir: modelsDirectory(context),
      onProgress: reportPull((line) => output.progress(line)),
      signal,
    });
    const { model, path, source } = pulled;
    for (const failure of pulled.failures) output.warn(`not from there: ${failure}`);
    output.result(
      { name: model.name, path, model: model.modelHash, sha256: model.sha256, source },
      `${model.title}\nfile   ${path}\nmodel  ${model.modelHash}\nfrom   ${source}`,
    );
    return 0;
  },
};
