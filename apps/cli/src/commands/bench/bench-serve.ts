import { writeFile } from 'node:fs/promises';
import { CliError } from '../../cli-error.ts';
import { chooseModel } from '../../model/choose-model.ts';
import type { Command } from '../../program/command.ts';
import { parseCount } from '../../program/read-option.ts';
import { modelsDirectory, modelsDirectoryOption } from '../../settings/models-directory.ts';
import { findRunning } from '../../settings/running-network.ts';

function parseStreams(text: string): number[] {
  return text.split(',').map((part) => {
    const streams = parseCount('streams', part);
    if (streams === undefined || streams < 1 || streams > 256) {
      throw new CliError('CLI_USAGE', `--streams: expected numbers from 1 to 256, got ${text}`);
    }
    return streams;
  });
}

export const benchServe: Command = {
  name: 'bench serve',
  summary: 'measure the running network against the bare engine on the same prompts',
  usage: '',
  arity: [0, 0],
  options: {
    'model-file': {
      type: 'string',
      value: 'FILE',
      description: 'the GGUF file for the bare engine (default: the one that the network serves)',
    },
    streams: { type: 'string', value: 'LIST', description: 'parallel requests (default 1,4,16)' },
    requests: { type: 'string', value: 'N', description: 'requests of each stream in a round (default 2)' },
    rounds: { type: 'string', value: 'N', description: 'rounds, of which the medians count (default 3)' },
    'max-tokens': { type: 'string', value: 'N', description: 'tokens of an answer (default 48)' },
    'models-dir': modelsDirectoryOption,
    plot: { type: 'string', value: 'FILE', description: 'also write the figure as SVG' },
  },
  examples: ['dcml bench serve', 'dcml bench serve --streams 1,16 --rounds 5 --plot serve.svg --json'],
  async run(context) {
    const { strings, output, signal } = context;
    const network = await findRunning(context);
    const [
      { createBareTarget },
      { createHttpTarget },
      { compareTargets },
      { encodeComparisons, formatComparisons },
      { plotComparisons },
    ] = await Promise.all([
      import('../../bench/bare-target.ts'),
      import('../../bench/http-target.ts'),
      import('../../bench/compare.ts'),
      import('../../bench/format-comparison.ts'),
      import('../../bench/plot-comparison.ts'),
    ]);
    const streams = parseStreams(strings['streams'] ?? '1,4,16');
    const model = await chooseModel({
      model: strings['model-file'] ?? network.model.name,
      modelsDirectory: modelsDirectory(context),
      onProgress: (line) => output.progress(line),
      onWarning: (line) => output.warn(line),
      signal,
    });
    if (model.hash !== network.model.hash) {
      throw new CliError(
        'CLI_INPUT',
        `${model.path} is not the model that the network serves; name it with --model-file`,
      );
    }
    output.progress('loading the bare engine');
    const bare = await createBareTarget({
      modelPath: model.path,
      modelName: network.model.name,
      maxSequences: Math.max(16, ...streams),
      threads: 1,
      signal,
    });
    try {
      const comparisons = await compareTargets(
        bare,
        createHttpTarget(network.proxyUrl, network.apiKey),
        {
          model: network.model.name,
          requestsPerStream: parseCount('requests', strings['requests']) ?? 2,
          maxTokens: parseCount('max-tokens', strings['max-tokens']) ?? 48,
          signal,
        },
        {
          streams,
          rounds: parseCount('rounds', strings['rounds']) ?? 3,
          onProgress: (line) => output.progress(line),
        },
      );
      if (strings['plot'] !== undefined) await writeFile(strings['plot'], plotComparisons(comparisons));
      output.result(encodeComparisons(comparisons), formatComparisons(comparisons));
      return 0;
    } finally {
      await bare.close();
    }
  },
};
