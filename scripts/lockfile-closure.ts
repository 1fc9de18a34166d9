/** The parts of package-lock.json (version 3) that resolution needs. */
export interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const SEPARATOR = 'node_modules/';

/** The key under which Node's resolution finds `name` from the package at `from`, or undefined. */
function resolveKey(lock: Lockfile, from: string, name: string): string | undefined {
  let directory = from;
  for (;;) {
    const key = `${directory === '' ? '' : `${directory}/`}${SEPARATOR}${name}`;
    const found = lock.packages[key];
    if (found !== undefined) return found.link === true ? found.resolved : key;
    if (directory === '') return undefined;
    directory = directory.slice(0, Math.max(0, directory.lastIndexOf('/')));
  }
}

function wantedNames(entry: LockedPackage): { name: string; mayBeAbsent: boolean }[] {
  const optional = Object.keys(entry.optionalDependencies ?? {});
  const peers = Object.keys(entry.peerDependencies ?? {});
  return [
    ...Object.keys(entry.dependencies ?? {}).map((name) => ({ name, mayBeAbsent: optional.includes(name) })),
    ...optional.map((name) => ({ name, mayBeAbsent: true })),
    // An optional peer is not installed for this package's sake.
    ...peers
      .filter((name) => entry.peerDependenciesMeta?.[name]?.optional !== true)
      .map((name) => ({ name, mayBeAbsent: false })),
  ];
}

/**
 * Everything that an installation of the workspace at `root` can load at run time, as sorted `name@version`:
 * dependencies, optional ones for every platform, required peers; no development dependencies.
 * Throws an `Error` when the lock file does not resolve a required name.
 */
export function computeClosure(lock: Lockfile, root: string): string[] {
  const seen = new Set<string>();
  const open = [root];
  const names = new Set<string>();
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const entry = lock.packages[key];
    if (entry === undefined) throw new Error(`package-lock.json has no ${key}`);
    // Overridden by a stand-in without content (package.json, overrides).
    if (key.endsWith('/tools/absent')) continue;
    if (key !== root) names.add(describe(key, entry));
    for (const { name, mayBeAbsent } of wantedNames(entry)) {
      const target = resolveKey(lock, key, name);
      if (target !== undefined) open.push(target);
      else if (!mayBeAbsent) throw new Error(`package-lock.json does not resolve ${name}, needed by ${key}`);
    }
  }
  return [...names].sort();
}

function describe(key: string, entry: LockedPackage): string {
  const name = entry.name ?? key.slice(key.lastIndexOf(SEPARATOR) + SEPARATOR.length);
  return `${name}@${entry.version ?? 'unversioned'}`;
}

/** One line for every package that the reviewed list has too much or too little. */
export function compareClosure(reviewed: readonly string[], now: readonly string[]): string[] {
  return [
    ...now
      .filter((name) => !reviewed.includes(name))
      .map((name) => `enclave closure: ${name} was not reviewed`),
    ...reviewed
      .filter((name) => !now.includes(name))
      .map((name) => `enclave closure: ${name} is listed but gone`),
  ];
}
