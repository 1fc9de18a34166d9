import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';

const candidates = [
  process.env['DCML_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser's program; undefined where none is installed. `DCML_CHROMIUM` names another one. */
export const chromiumPath: string | undefined = candidates.find(
  (path) => path !== undefined && path !== '' && existsSync(path),
);
if (chromiumPath === undefined)
  console.warn('SKIPPED: no Chromium is installed; set DCML_CHROMIUM to run the tests in a real browser');

/** The program of a page as one minified file, as a site would ship it. */
export async function bundleForBrowser(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  return outputFiles[0]!.contents;
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
}

/** Opens a page on a loopback origin, which browsers count as secure, with `script` as its only content. */
export async function openPage(script: Uint8Array, signal: AbortSignal): Promise<OpenPage> {
  await using stack = new AsyncDisposableStack();
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath!,
    // Containers and CI run as root, where Chromium refuses its own sandbox.
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  stack.defer(() => browser.close());
  signal.throwIfAborted();
  const page = await browser.newPage();
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/`, { waitUntil: 'load' });
  const owned = stack.move();
  return { page, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
