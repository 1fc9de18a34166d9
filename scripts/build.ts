import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBundle, bundles, nativeModules } from './bundles.ts';
import { publishManifest, type SourceManifest } from './publish-manifest.ts';
import { repositoryRoot, runCommand } from './run-command.ts';
import { readWorkspaces, type Workspace } from './workspaces.ts';

// Builds what is published: JavaScript with declarations and a package.json in packages/*/dist, and the
// programs as one file each.

const published = readWorkspaces(repositoryRoot).filter(
  ({ manifest, directory }) => manifest.private !== true && directory.includes('/packages/'),
);

/** One compilation for all packages, so that they see each other's sources; the result has packages/NAME/src. */
async function compile(outDir: string): Promise<void> {
  const config = {
    extends: join(repositoryRoot, 'tsconfig.json'),
    compilerOptions: { noEmit: false, outDir, rootDir: join(repositoryRoot, 'packages') },
    include: published.map(({ directory }) => join(directory, 'src')),
  };
  const file = join(repositoryRoot, 'tsconfig.build.json');
  writeFileSync(file, JSON.stringify(config));
  try {
    const result = await runCommand(['tsc', '-p', file]);
    if (result.code !== 0) throw new Error(`tsc failed:\n${result.output}`);
  } finally {
    rmSync(file);
  }
}

function pack({ directory, manifest }: Workspace, compiled: string): void {
  const target = join(directory, 'dist');
  rmSync(target, { recursive: true, force: true });
  cpSync(compiled, target, { recursive: true });
  const json = publishManifest(manifest as SourceManifest);
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
  cpSync(join(repositoryRoot, 'LICENSE'), join(target, 'LICENSE'));
  const readme = join(directory, 'README.md');
  if (existsSync(readme)) cpSync(readme, join(target, 'README.md'));
}

function packCommandLine(): void {
  const source = join(repositoryRoot, 'apps/cli');
  const target = join(source, 'dist');
  const {
    bin,
    exports: _,
    ...rest
  } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as SourceManifest;
  // Everything of ours is inside the bundle; the native modules are what remains to be installed.
  const declared = readWorkspaces(repositoryRoot).flatMap(({ manifest }) =>
    Object.entries(manifest.dependencies ?? {}),
  );
  const native = declared.filter(([name]) => nativeModules.includes(name));
  const json = { ...rest, bin, dependencies: Object.fromEntries(native) };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
  cpSync(join(source, 'bin'), join(target, 'bin'), { recursive: true });
  cpSync(join(repositoryRoot, 'LICENSE'), join(target, 'LICENSE'));
}

const outDir = mkdtempSync(join(tmpdir(), 'dcml-build-'));
try {
  await compile(outDir);
  for (const workspace of published) {
    const name = workspace.directory.slice(join(repositoryRoot, 'packages').length + 1);
    pack(workspace, join(outDir, name, 'src'));
    console.log(`${workspace.manifest.name} ${workspace.manifest.version}`);
  }
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
rmSync(join(repositoryRoot, 'apps/cli/dist'), { recursive: true, force: true });
for (const bundle of bundles) {
  const { sha256, packages } = await buildBundle(bundle);
  console.log(`${bundle.target} sha256:${sha256}\n  with ${packages.join(' ')}`);
}
packCommandLine();
