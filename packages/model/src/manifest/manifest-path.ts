import { encodeUtf8, equalBytes } from '@dcml/core';
import { ModelError } from '../model-error.ts';

const MAX_PATH_CHARACTERS = 1024;
const MAX_SEGMENT_BYTES = 255;

function hasForbidden(path: string): boolean {
  return Array.from(path).some((char) => {
    const code = char.codePointAt(0)!;
    return code < 0x20 || code === 0x7f || char === '\\' || char === ':';
  });
}

function whyUnsafe(path: string): string | undefined {
  if (path.length === 0 || path.length > MAX_PATH_CHARACTERS) return 'is empty or too long';
  if (!path.isWellFormed() || path !== path.normalize('NFC')) return 'is not in Unicode form C';
  if (hasForbidden(path)) return 'has a control character, a backslash or a colon';
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') return 'is not a plain relative path';
    if (encodeUtf8(segment).length > MAX_SEGMENT_BYTES) return 'has a name of more than 255 bytes';
  }
  return undefined;
}

/** Throws `MODEL_MANIFEST` unless `path` is relative, with `/`, inside its directory, and in one spelling only. */
function assertManifestPath(path: string): void {
  const why = whyUnsafe(path);
  if (why !== undefined) {
    throw new ModelError('MODEL_MANIFEST', `manifest: path ${JSON.stringify(path.slice(0, 200))} ${why}`);
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Order of the manifest: segment by segment in code point order, as model-signing sorts paths. */
export function compareManifestPaths(a: string, b: string): number {
  const left = a.split('/').map(encodeUtf8);
  const right = b.split('/').map(encodeUtf8);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (!equalBytes(left[i]!, right[i]!)) return compareBytes(left[i]!, right[i]!);
  }
  return left.length - right.length;
}

/** What a case-insensitive or compatibility-folding file system takes for the same name. */
const foldPath = (path: string): string => path.normalize('NFKC').toLowerCase().normalize('NFKC');

/**
 * Throws `MODEL_MANIFEST` unless the paths are safe, in order, and distinct on every file system; a path that is
 * both a file and a directory is refused too.
 */
export function assertManifestPaths(paths: readonly string[]): void {
  const folded = new Set<string>();
  for (const [i, path] of paths.entries()) {
    assertManifestPath(path);
    if (i > 0 && compareManifestPaths(paths[i - 1]!, path) >= 0) {
      throw new ModelError('MODEL_MANIFEST', `manifest: ${JSON.stringify(path)} is out of order`);
    }
    const fold = foldPath(path);
    if (folded.has(fold)) {
      throw new ModelError(
        'MODEL_MANIFEST',
        `manifest: ${JSON.stringify(path)} has a twin in another spelling`,
      );
    }
    folded.add(fold);
  }
  for (const fold of folded) {
    for (let cut = fold.indexOf('/'); cut >= 0; cut = fold.indexOf('/', cut + 1)) {
      if (folded.has(fold.slice(0, cut))) {
        throw new ModelError('MODEL_MANIFEST', `manifest: ${fold.slice(0, cut)} is a file and a directory`);
      }
    }
  }
}
