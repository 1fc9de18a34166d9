import type { JsonObject } from '@dcml/core';
import type { Command } from '../../program/command.ts';

export const modelHash: Command = {
  name: 'model hash',
  summary: "print a model's identity: the hash of its manifest over every file",
  usage: 'PATH',
  arity: [1, 1],
  options: {},
  examples: ['dcml model hash model.gguf', 'dcml model hash ./model-directory --json'],
  async run({ positionals, output, signal }) {
    const [path = ''] = positionals;
    const { hashModel } = await import('@dcml/model/node');
    const { manifest, modelHash: hash } = await hashModel(path, { signal });
    const files = manifest.predicate.resources.map(
      (file) => `  sha256:${file.digest}  ${String(file.size).padStart(12)}  ${file.name}`,
    );
    output.result({ model: hash, manifest: manifest as unknown as JsonObject }, [hash, ...files].join('\n'));
    return 0;
  },
};
