import { type FileHandle, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Fields, parseJson } from '@dcml/core';
import { ModelError } from '../../model-error.ts';
import { withFile } from '../with-file.ts';
import { asDiskError, assertSpace } from './disk.ts';
import type { PullContext } from './pull-context.ts';
import { withStallLimit } from './stall-limit.ts';

/** Which version of which resource the part file holds the beginning of. */
interface PartNote {
  readonly url: string;
  readonly etag: string;
}

const notePath = (context: PullContext): string => `${context.partPath}.note`;

async function readNote(context: PullContext): Promise<PartNote | undefined> {
  try {
    const fields = new Fields(parseJson(await readFile(notePath(context), 'utf8')), 'note');
    return { url: fields.string('url'), etag: fields.string('etag') };
  } catch {
    // No note, or a broken one: the part cannot be trusted to continue, so it starts over.
    return undefined;
  }
}

async function resumableBytes(
  context: PullContext,
  url: string,
): Promise<{ start: number; etag: string | undefined }> {
  const note = await readNote(context);
  const size = await stat(context.partPath).then(
    (part) => part.size,
    () => 0,
  );
  if (note?.url !== url || size === 0 || size >= context.model.sizeBytes)
    return { start: 0, etag: undefined };
  return { start: size, etag: note.etag };
}

function fail(context: PullContext, why: string, cause?: unknown): never {
  throw new ModelError('MODEL_SOURCE', `${context.source}: ${why}`, cause === undefined ? {} : { cause });
}

function notPinned(context: PullContext, size: string): never {
  throw new ModelError(
    'MODEL_SOURCE_HASH',
    `${context.source}: has ${size} bytes, the pinned file has ${context.model.sizeBytes}`,
  );
}

/** Where the body of the answer starts in the file. Throws when it cannot be the pinned file. */
function bodyStart(context: PullContext, response: Response, start: number): number {
  const { sizeBytes } = context.model;
  if (response.status === 200) {
    const length = response.headers.get('content-length');
    if (length !== null && length !== String(sizeBytes)) notPinned(context, length);
    return 0;
  }
  if (response.status !== 206 || start === 0) fail(context, `HTTP status ${response.status}`);
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (first !== String(start)) fail(context, 'answered with another range than asked for');
  if (total !== String(sizeBytes)) notPinned(context, String(total));
  return start;
}

/** Only a strong validator says that bytes are the same (RFC 9110 section 13.1.5). */
function strongEtag(response: Response): string | undefined {
  const etag = response.headers.get('etag');
  return etag?.startsWith('"') === true ? etag : undefined;
}

async function receive(
  context: PullContext,
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  from: number,
): Promise<number> {
  const { sizeBytes } = context.model;
  let doneBytes = from;
  for await (const bytes of body) {
    doneBytes += bytes.length;
    if (doneBytes > sizeBytes) notPinned(context, `more than ${sizeBytes}`);
    await file.writeFile(bytes);
    context.onProgress({ phase: 'download', source: context.source, doneBytes, totalBytes: sizeBytes });
  }
  return doneBytes;
}

/** One request. Resolves to the bytes that the part file has then. */
async function request(context: PullContext, url: string): Promise<number> {
  const { start, etag } = await resumableBytes(context, url);
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (etag !== undefined) {
    headers['range'] = `bytes=${start}-`;
    headers['if-range'] = etag;
  }
  return await withStallLimit(context, async (signal, alive) => {
    const response = await context.fetch(url, { headers, signal });
    alive();
    const from = bodyStart(context, response, start);
    if (response.body === null) fail(context, 'no body');
    if (from === 0) {
      await rm(context.partPath, { force: true });
      await rm(notePath(context), { force: true });
      const version = strongEtag(response);
      if (version !== undefined) await writeFile(notePath(context), JSON.stringify({ url, etag: version }));
    }
    await assertSpace(context.cacheDir, context.model.sizeBytes - from, context.freeBytes);
    const body = alive.iterate(response.body);
    return await withFile(context.partPath, 'a', (file) => receive(context, file, body, from));
  });
}

/** `fetch failed` alone says nothing: the reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { code } = (error.cause ?? error) as NodeJS.ErrnoException;
  return code ?? error.message;
}

const MAX_REQUESTS = 8;

function assertAllowed(context: PullContext, url: string): void {
  const { protocol, hostname } = new URL(url);
  const isLoopback = hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]';
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback)) fail(context, 'only https is used');
}

/**
 * Fills the part file from a URL, from where an earlier attempt stopped when the server still has the same version.
 * A connection that breaks off is taken up again as long as each request brought something.
 * Throws `MODEL_SOURCE`, `MODEL_SOURCE_HASH`, `MODEL_SOURCE_STALLED`, `MODEL_DISK_FULL`, or the signal's reason.
 */
export async function downloadHttps(context: PullContext, url: string): Promise<void> {
  assertAllowed(context, url);
  let before = 0;
  for (let requests = 1; ; requests++) {
    let cause: unknown;
    const size = await request(context, url).catch(async (error: unknown) => {
      context.signal?.throwIfAborted();
      if (error instanceof ModelError || asDiskError(error) !== undefined) throw error;
      cause = error;
      return await stat(context.partPath).then(
        (part) => part.size,
        () => 0,
      );
    });
    if (size === context.model.sizeBytes) return;
    if (size <= before || requests === MAX_REQUESTS || (await readNote(context)) === undefined) {
      fail(
        context,
        size === 0
          ? `could not be reached (${reasonOf(cause)})`
          : `broke off after ${size} of ${context.model.sizeBytes} bytes`,
        cause,
      );
    }
    before = size;
  }
}

/** Removes the part file and its note. */
export async function discardPart(partPath: string): Promise<void> {
  await rm(partPath, { force: true });
  await rm(`${partPath}.note`, { force: true });
}
