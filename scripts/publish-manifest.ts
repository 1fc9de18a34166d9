/** The members of a package.json that publication changes or keeps. */
export interface SourceManifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function publishedPath(source: string): string {
  if (!/^\.\/src\/.+\.ts$/.test(source)) throw new Error(`${source}: exports must point below ./src`);
  return source.replace('./src/', './').replace(/\.ts$/, '');
}

/** The package.json of the published package: built files instead of sources, nothing of development. */
export function publishManifest(manifest: SourceManifest): Record<string, unknown> {
  const { name, version, description, license, type, sideEffects, engines, dependencies } = manifest;
  const { optionalDependencies } = manifest;
  const exports = Object.fromEntries(
    Object.entries(manifest.exports ?? {}).map(([path, source]) => {
      const target = publishedPath(source);
      return [path, { types: `${target}.d.ts`, default: `${target}.js` }];
    }),
  );
  return {
    name,
    version,
    description,
    license,
    type,
    sideEffects,
    engines,
    exports,
    dependencies,
    optionalDependencies,
  };
}
