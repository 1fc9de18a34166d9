import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { allowedArrows, isAllowedArrow } from './arrow-rules.ts';
import { scanImports } from './scan-imports.ts';
import { readWorkspaces, roomOf, type Workspace } from './workspaces.ts';

function* checkManifest(root: string, workspace: Workspace): Generator<string> {
  const { dependencies, optionalDependencies, peerDependencies } = workspace.manifest;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    const room = roomOf(name);
    // A manifest cannot tell how an import is written; the sources do.
    if (room !== undefined && !isAllowedArrow(workspace.room, room, 'deferred')) {
      yield `${relative(root, workspace.directory)}/package.json: ${workspace.room} -> ${room} is not allowed`;
    }
  }
}

function* checkFile(root: string, workspace: Workspace, file: string): Generator<string> {
  const place = relative(root, file);
  for (const { specifier, kind } of scanImports(readFileSync(file, 'utf8'))) {
    if (specifier.startsWith('.')) {
      const target = relative(workspace.directory, resolve(dirname(file), specifier));
      if (target.startsWith('..')) yield `${place}: ${specifier} reaches out of its workspace`;
      continue;
    }
    const room = roomOf(specifier);
    if (room !== undefined && !isAllowedArrow(workspace.room, room, kind)) {
      yield `${place}: ${workspace.room} -> ${room} (${kind} import) is not allowed`;
    }
  }
}

/** One line for every arrow between the workspaces below `root` that the rules do not allow. */
export function checkArrows(root: string): string[] {
  const problems: string[] = [];
  for (const workspace of readWorkspaces(root)) {
    if (allowedArrows[workspace.room] === undefined) {
      problems.push(`${workspace.room}: scripts/arrow-rules.ts has no rule for this workspace`);
      continue;
    }
    problems.push(...checkManifest(root, workspace));
    const sources = join(workspace.directory, 'src');
    if (!existsSync(sources)) continue;
    for (const entry of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
      if (entry.endsWith('.ts')) problems.push(...checkFile(root, workspace, join(sources, entry)));
    }
  }
  return problems;
}
