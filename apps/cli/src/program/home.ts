import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The state directory: the flag, else `DCML_HOME`, else `dcml` below the XDG data directory. */
export function resolveHome(flag: string | undefined, env: Environment): string {
  const given = flag ?? env['DCML_HOME'];
  if (given !== undefined && given !== '') return resolve(given);
  const data = env['XDG_DATA_HOME'];
  // XDG base directory specification: a relative path is to be ignored.
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), '.local', 'share');
  return join(base, 'dcml');
}
