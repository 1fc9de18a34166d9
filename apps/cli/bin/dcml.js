#!/usr/bin/env node
// Plain JavaScript, so that any Node starts it. The program itself needs Node 22.18 or later (type stripping,
// node:sqlite); an older one starts the program again with the Node that the npm package `node` installed.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

function isNewEnough() {
  return major > 22 || (major === 22 && minor >= 18);
}

function findNode() {
  for (let directory = here; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (directory === dirname(directory)) return undefined;
  }
}

function startAgain(node) {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { ...process.env, DCML_LAUNCHER_PID: String(process.pid) };
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`dcml: cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function silenceTypeStrippingWarning() {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning, ...rest) => {
    if (String(warning).startsWith('Type Stripping is an experimental feature')) return;
    emitWarning(warning, ...rest);
  };
}

if (isNewEnough()) {
  silenceTypeStrippingWarning();
  const source = join(here, '..', 'src', 'main.ts');
  const entry = existsSync(source) ? source : join(here, '..', 'main.js');
  await import(pathToFileURL(entry).href);
} else {
  const node = findNode();
  if (node === undefined) {
    console.error(
      `dcml: Node ${process.versions.node} is too old and no newer one is installed here. ` +
        'Install Node 24, or run: npm install --save-dev node@24',
    );
    process.exitCode = 2;
  } else {
    startAgain(node);
  }
}
