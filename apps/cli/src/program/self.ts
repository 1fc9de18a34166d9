import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Program and first argument that start this very program again, for child processes. */
export function dcmlArgv(): readonly string[] {
  // In the sources main.ts is beside this directory; in the bundle this file is main.js itself.
  const launchers = [
    join(import.meta.dirname, '..', '..', 'bin', 'dcml.js'),
    join(import.meta.dirname, 'bin', 'dcml.js'),
  ];
  const launcher = launchers.find((file) => existsSync(file));
  if (launcher === undefined) throw new Error('bin/dcml.js is missing from this installation');
  return [process.execPath, launcher];
}
