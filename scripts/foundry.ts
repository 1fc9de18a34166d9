import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './run-command.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Path of forge or anvil from the npm package of this platform, or undefined when it is not installed. */
export function findFoundryTool(tool: 'forge' | 'anvil'): string | undefined {
  const architecture = architectures[process.arch] ?? process.arch;
  const directory = `node_modules/@foundry-rs/${tool}-${process.platform}-${architecture}`;
  const file = join(repositoryRoot, directory, 'bin', process.platform === 'win32' ? `${tool}.exe` : tool);
  return existsSync(file) ? file : undefined;
}
