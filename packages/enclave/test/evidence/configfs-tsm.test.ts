import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concatBytes, encodeUtf8, fromHex, sha384, systemRandom, toHex } from '@dcml/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectTsmProvider } from '../../src/evidence/configfs-tsm.ts';
import { parseSnpCertificateTable } from '../../src/evidence/snp-certificate-table.ts';
import { kernelTsmFiles } from '../../src/evidence/tsm-files.ts';
import { FakeTsm } from './fake-tsm.ts';
import {
  COMPOSE,
  fakeSnp,
  fakeTdx,
  REPORT_DIRECTORY,
  type TsmPlatform,
  tsmPlatform,
} from './fake-tsm-platforms.ts';

const never = new AbortController().signal;
const DATA = new Uint8Array(64).fill(0x5a);
const refused = expect.objectContaining({ code: 'ENCLAVE_PLATFORM' });

let platform: TsmPlatform | undefined;
afterEach(async () => {
  await platform?.dispose();
  platform = undefined;
});
async function tdx(tsm: FakeTsm): Promise<TsmPlatform> {
  platform = await tsmPlatform(tsm, 'tdx_guest');
  return platform;
}
async function snp(tsm: FakeTsm): Promise<TsmPlatform> {
  platform = await tsmPlatform(tsm, 'sev_guest');
  return platform;
}

describe('report entries', () => {
  it('makes an entry of its own, checks the generation around the report, and removes the entry', async () => {
    const tsm = fakeTdx();
    const quote = await (await tdx(tsm)).open().quote(DATA, never);
    expect(quote.teeType).toBe('tdx');
    expect(Object.keys(quote.evidence)).toEqual(['quote']);
    expect(tsm.calls).toEqual([
      'makeEntry',
      'read generation',
      'write inblob',
      'read provider',
      'read outblob',
      'read generation',
      'removeEntry',
    ]);
    expect(tsm.entries.size).toBe(0);
  });

  it('sets the privilege level when it is told to', async () => {
    const tsm = fakeSnp();
    const source = (await snp(tsm)).open(1000, 2);
    const { evidence } = await source.quote(DATA, never);
    expect(fromHex(evidence['report'] as string)[0x30]).toBe(2);
    expect(tsm.calls).toContain('write privlevel');
  });

  it('another writer: tries again, and refuses when it goes on', async () => {
    const tsm = fakeTdx();
    const source = (await tdx(tsm)).open();
    tsm.onReport = (entry, round) => {
      if (round < 3) entry.generation++;
    };
    await expect(source.quote(DATA, never)).resolves.toMatchObject({ teeType: 'tdx' });
    expect(tsm.calls.filter((call) => call === 'makeEntry')).toHaveLength(3);
    tsm.onReport = (entry) => {
      entry.generation++;
    };
    await expect(source.quote(DATA, never)).rejects.toThrow(refused);
    expect(tsm.entries.size).toBe(0);
  });

  it('a write that the kernel dropped in silence is noticed by the generation', async () => {
    const tsm = fakeTdx();
    const source = (await tdx(tsm)).open();
    tsm.onReport = (entry) => {
      entry.generation--;
    };
    await expect(source.quote(DATA, never)).rejects.toThrow(refused);
  });

  it('a busy or interrupted platform is asked again, a broken one is not', async () => {
    const tsm = fakeTdx();
    const source = (await tdx(tsm)).open();
    tsm.failures.push(
      { call: 'read outblob', code: 'EBUSY' },
      { call: 'read outblob', code: 'EINTR' },
      { call: 'write inblob', code: 'EAGAIN' },
      { call: 'makeEntry', code: 'EBUSY' },
    );
    await expect(source.quote(DATA, never)).resolves.toMatchObject({ teeType: 'tdx' });
    expect(tsm.failures).toEqual([]);
    for (const code of ['EIO', 'ENXIO', 'EACCES', 'ETIMEDOUT', 'EFBIG']) {
      tsm.calls.length = 0;
      tsm.failures.push({ call: 'read outblob', code });
      await expect(source.quote(DATA, never), code).rejects.toThrow(refused);
      expect(tsm.calls.filter((call) => call === 'makeEntry')).toHaveLength(1);
    }
    tsm.failures.push(...Array.from({ length: 6 }, () => ({ call: 'read outblob', code: 'EBUSY' })));
    await expect(source.quote(DATA, never)).rejects.toThrow(refused);
    expect(tsm.entries.size).toBe(0);
  });

  it('an entry that cannot be removed does not spoil the report', async () => {
    const tsm = fakeTdx();
    const source = (await tdx(tsm)).open();
    for (const code of ['EBUSY', 'EIO']) {
      tsm.calls.length = 0;
      tsm.failures.push({ call: 'removeEntry', code });
      await expect(source.quote(DATA, never)).resolves.toMatchObject({ teeType: 'tdx' });
      expect(tsm.calls.filter((call) => call === 'makeEntry')).toHaveLength(1);
    }
  });

  it('refuses an empty report, one over other data, one of a wrong length, another provider', async () => {
    const none = new FakeTsm({ provider: 'tdx_guest', makeReport: () => new Uint8Array(0) });
    await expect((await tdx(none)).open().quote(DATA, never)).rejects.toThrow(refused);
    await platform!.dispose();
    const long = new FakeTsm({ provider: 'sev_guest', makeReport: () => new Uint8Array(1185) });
    await expect((await snp(long)).open().quote(new Uint8Array(64), never)).rejects.toThrow(refused);
    await platform!.dispose();
    const others = new FakeTsm({ provider: 'sev_guest', makeReport: () => new Uint8Array(1184) });
    const source = (await snp(others)).open();
    await expect(source.quote(new Uint8Array(64), never)).resolves.toMatchObject({ teeType: 'sev_snp' });
    await expect(source.quote(DATA, never)).rejects.toThrow(refused);
    await platform!.dispose();
    // Even if what it makes has the form of ours.
    const other = new FakeTsm({ provider: 'arm_cca_guest', makeReport: () => new Uint8Array(1184) });
    await expect((await snp(other)).open().quote(new Uint8Array(64), never)).rejects.toThrow(refused);
  });

  it('a generation that is no number is refused', async () => {
    const tsm = fakeTdx();
    const read = tsm.read.bind(tsm);
    let count = 0;
    tsm.read = (path, limit) =>
      path.endsWith('generation') ? Promise.resolve(encodeUtf8(`0x${count++}\n`)) : read(path, limit);
    await expect((await tdx(tsm)).open().quote(DATA, never)).rejects.toThrow(refused);
  });

  it('knows the kinds of guests that it can serve', async () => {
    const detect = (files: FakeTsm) =>
      detectTsmProvider(
        { files, random: systemRandom, reportDirectory: REPORT_DIRECTORY, deadlineMs: 1000 },
        never,
      );
    const tsm = fakeSnp();
    expect(await detect(tsm)).toBe('sev_guest');
    expect(tsm.entries.size).toBe(0);
    expect(await detect(fakeTdx())).toBe('tdx_guest');
    const arm = new FakeTsm({ provider: 'arm_cca_guest', makeReport: () => new Uint8Array(0) });
    await expect(detect(arm)).rejects.toThrow(refused);
    expect(arm.entries.size).toBe(0);
  });

  it('an aborted call removes its entry as soon as the kernel lets go', async () => {
    const tsm = fakeTdx();
    const source = (await tdx(tsm)).open();
    const held = Promise.withResolvers<void>();
    const read = tsm.read.bind(tsm);
    tsm.read = async (path, limit) => {
      if (path.endsWith('outblob')) await held.promise;
      return read(path, limit);
    };
    const controller = new AbortController();
    const quote = source.quote(DATA, controller.signal);
    controller.abort();
    await expect(quote).rejects.toThrow(refused);
    held.resolve();
    while (tsm.entries.size > 0 || !tsm.calls.includes('removeEntry')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('refuses a compose file that is too long or missing', async () => {
    const files = fakeTdx();
    const one = await tdx(files);
    expect((await one.open().info(never)).appCompose).toBe(COMPOSE);
    await truncate(one.composeFile, (1 << 20) + 1);
    await expect(one.open().info(never)).rejects.toThrow(refused);
    await rm(one.composeFile);
    await expect(one.open().info(never)).rejects.toThrow(refused);
  });
});

describe('RTMR3', () => {
  it('is extended by SHA-384 of type, name and payload; an interrupted write is made again', async () => {
    const tsm = fakeTdx();
    const source = (await tdx(tsm)).open();
    tsm.failures.push({ call: 'write rtmr3:sha384', code: 'EINTR' });
    await source.extend!({ name: 'dcml', payload: Uint8Array.of(0xff) }, never);
    const digest = sha384(concatBytes(fromHex('01000008'), encodeUtf8(':dcml:'), Uint8Array.of(0xff)));
    expect(toHex(tsm.register.value)).toBe(toHex(sha384(concatBytes(new Uint8Array(48), digest))));
    tsm.failures.push({ call: 'write rtmr3:sha384', code: 'EIO' });
    await expect(source.extend!({ name: 'dcml', payload: Uint8Array.of(1) }, never)).rejects.toThrow(refused);
    expect(toHex(tsm.register.value)).toBe(toHex(sha384(concatBytes(new Uint8Array(48), digest))));
  });

  it('is not offered on SEV-SNP, which has no such register', async () => {
    expect((await snp(fakeSnp())).open().extend).toBeUndefined();
  });
});

/** A table as the host writes it: entries, an entry of zeros, the certificates. */
function table(entries: readonly (readonly [guid: string, der: Uint8Array])[]): Uint8Array {
  const head = new Uint8Array(24 * (entries.length + 1));
  const view = new DataView(head.buffer);
  let offset = head.length;
  for (const [index, [guid, der]] of entries.entries()) {
    head.set(fromHex(guid.replaceAll('-', '')), index * 24);
    view.setUint32(index * 24 + 16, offset, true);
    view.setUint32(index * 24 + 20, der.length, true);
    offset += der.length;
  }
  return concatBytes(head, ...entries.map(([, der]) => der));
}

const VCEK = '63da758d-e664-4564-adc5-f4b93be8accd';
const VLEK = 'a8074bc2-a25a-483e-aae6-39c045a0b8a1';
const ASK = '4ab7b379-bbac-4fe4-a02f-05aef327c782';
const ARK = 'c0b406a4-a803-4952-9743-3fb6014cd0ae';

describe('the SEV-SNP certificate table', () => {
  const der = (fill: number): Uint8Array => new Uint8Array(10 + fill).fill(fill);

  it('gives what is listed, and skips what it does not know', () => {
    const whole = table([
      [VCEK, der(1)],
      ['92f81bc3-5811-4d3d-97ff-d19f88dc67ea', der(9)],
      [ASK, der(2)],
      [ARK, der(3)],
      [VLEK, der(4)],
    ]);
    expect(parseSnpCertificateTable(whole)).toEqual({ vcek: der(1), ask: der(2), ark: der(3), vlek: der(4) });
    const none = { vcek: null, ask: null, ark: null, vlek: null };
    expect(parseSnpCertificateTable(table([]))).toEqual(none);
    expect(parseSnpCertificateTable(table([[VCEK, new Uint8Array(0)]]))).toEqual(none);
  });

  it('is refused when cut anywhere, doubled, endless, or pointing outside', () => {
    const whole = table([
      [VCEK, der(1)],
      [ASK, der(2)],
    ]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => parseSnpCertificateTable(whole.subarray(0, length)), `${length}`).toThrow(refused);
    }
    const twice = table([
      [VCEK, der(1)],
      [VCEK, der(2)],
    ]);
    expect(() => parseSnpCertificateTable(twice)).toThrow(refused);
    const endless = new Uint8Array(24 * 41).fill(1);
    for (let index = 0; index < 40; index++) endless.fill(0, index * 24 + 16, index * 24 + 24);
    endless.fill(0, 24 * 40);
    expect(() => parseSnpCertificateTable(endless)).toThrow(refused);
    const outside = whole.slice();
    new DataView(outside.buffer).setUint32(16, 0xffffffff, true);
    expect(() => parseSnpCertificateTable(outside)).toThrow(refused);
  });

  it('reaches the report as what the host said, or not at all', async () => {
    const files = fakeSnp(() => table([[VCEK, der(1)]]));
    const { evidence } = await (await snp(files)).open().quote(DATA, never);
    expect(evidence['certificates']).toEqual({ vcek_hex: toHex(der(1)) });
    await platform!.dispose();
    const without = await (await snp(fakeSnp(() => new Uint8Array(0)))).open().quote(DATA, never);
    expect(without.evidence['certificates']).toBeUndefined();
    await platform!.dispose();
    const broken = fakeSnp(() => Uint8Array.of(1, 2, 3));
    await expect((await snp(broken)).open().quote(DATA, never)).rejects.toThrow(refused);
  });
});

describe("the kernel's files, on a real file system", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dcml-files-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('makes and removes entries, reads to the end, writes in place', async () => {
    const entry = join(directory, 'entry');
    await kernelTsmFiles.makeEntry(entry);
    await expect(kernelTsmFiles.makeEntry(entry)).rejects.toMatchObject({ code: 'EEXIST' });
    await kernelTsmFiles.removeEntry(entry);
    expect(await readdir(directory)).toEqual([]);
    await mkdir(entry);
    const path = join(entry, 'inblob');
    await expect(kernelTsmFiles.write(path, DATA)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path, 'longer than what is written into it: '.repeat(3));
    await kernelTsmFiles.write(path, DATA);
    const content = await readFile(path);
    expect(toHex(content.subarray(0, 64))).toBe(toHex(DATA));
    expect(content.length).toBe(111);
    expect((await kernelTsmFiles.read(path, 111)).length).toBe(111);
    await expect(kernelTsmFiles.read(path, 110)).rejects.toThrow(RangeError);
    await expect(kernelTsmFiles.read(join(entry, 'none'), 10)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reads kernel files, which have no size', async () => {
    const text = new TextDecoder().decode(await kernelTsmFiles.read('/proc/self/status', 1 << 16));
    expect(text).toContain('Pid:');
  });
});
