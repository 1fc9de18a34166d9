import { lstat, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { maxManifestFiles } from '../manifest/model-manifest.ts';
import { ModelError } from '../model-error.ts';

export interface ModelFile {
  /** Name in the manifest; undefined for a single file, whose name its content decides. */
  readonly name: string | undefined;
  readonly path: string;
  readonly size: number;
}

function refuse(path: string, why: string): never {
  throw new ModelError('MODEL_FILES', `${path}: ${why}`, { details: { path } });
}

async function walk(directory: string, prefix: string, found: ModelFile[]): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const entry = await lstat(path);
    if (entry.isDirectory()) await walk(path, `${prefix}${name}/`, found);
    else if (entry.isFile()) found.push({ name: `${prefix}${name}`, path, size: entry.size });
    // A link could lead out of the model or change what a name means without changing the manifest.
    else refuse(path, entry.isSymbolicLink() ? 'symbolic links are refused' : 'not a regular file');
    if (found.length > maxManifestFiles) refuse(directory, `more than ${maxManifestFiles} files`);
  }
}

/** The files of a model: one file, or every file below a directory. Throws `MODEL_FILES`. */
export async function listModelFiles(path: string): Promise<ModelFile[]> {
  const root = await stat(path).catch((cause: unknown) => {
    throw new ModelError('MODEL_FILES', `${path}: cannot be read`, { cause, details: { path } });
  });
  if (root.isFile()) return [{ name: undefined, path, size: root.size }];
  if (!root.isDirectory()) refuse(path, 'neither a file nor a directory');
  const found: ModelFile[] = [];
  await walk(path, '', found);
  if (found.length === 0) refuse(path, 'the directory has no files');
  return found;
}

/** Manifest name of a model that is one file: what it is called on this disk is no part of its identity. */
export function singleFileName(path: string, isGguf: boolean): string {
  return isGguf ? 'model.gguf' : `model${extname(path).toLowerCase()}`;
}
