import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** The package's name without its scope; `cli` for the application. */
  readonly room: string;
  /** Absolute path. */
  readonly directory: string;
  readonly manifest: PackageJson;
}

/** The room that an import specifier names, or undefined when it is no workspace of ours. */
export function roomOf(specifier: string): string | undefined {
  if (specifier === 'dcml' || specifier.startsWith('dcml/')) return 'cli';
  return /^@dcml\/([a-z-]+)/.exec(specifier)?.[1];
}

/** All workspaces below `packages` and `apps`, in the order of their directories. */
export function readWorkspaces(root: string): Workspace[] {
  const found: Workspace[] = [];
  for (const parent of ['packages', 'apps']) {
    if (!existsSync(join(root, parent))) continue;
    for (const name of readdirSync(join(root, parent)).sort()) {
      const directory = join(root, parent, name);
      const file = join(directory, 'package.json');
      if (!existsSync(file)) continue;
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
      found.push({ room: roomOf(manifest.name) ?? manifest.name, directory, manifest });
    }
  }
  return found;
}
