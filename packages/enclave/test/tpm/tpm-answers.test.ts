import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, sha256 } from '@dcml/core';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { attestationKeyTemplate, createPrimary } from '../../src/tpm/attestation-key.ts';
import { createDeviceTransport } from '../../src/tpm/device-transport.ts';
import { transientHandles } from '../../src/tpm/flush-context.ts';
import { getRandom } from '../../src/tpm/get-random.ts';
import { nvRead } from '../../src/tpm/nv.ts';
import { extendPcr, pcrSelection, readPcrs } from '../../src/tpm/pcr.ts';
import { quote } from '../../src/tpm/quote.ts';
import { createSocketTransport } from '../../src/tpm/socket-transport.ts';
import { Tpm } from '../../src/tpm/tpm.ts';
import { TpmError } from '../../src/tpm/tpm-error.ts';
import { TpmWriter } from '../../src/tpm/tpm-writer.ts';

const signal = new AbortController().signal;

/** A TPM that answers these, one after the other. */
function scripted(answers: readonly Uint8Array[]): { tpm: Tpm; commands: Uint8Array[] } {
  const left = [...answers];
  const commands: Uint8Array[] = [];
  const tpm = new Tpm({
    exchange: async (command) => {
      commands.push(command);
      return new Uint8Array(left.shift() ?? new Uint8Array(0));
    },
    close: async () => {},
  });
  return { tpm, commands };
}

function answer(code: number, body: Uint8Array = new Uint8Array(0), tag = 0x8001): Uint8Array {
  return new TpmWriter()
    .u16(tag)
    .u32(10 + body.length)
    .u32(code)
    .bytes(body)
    .finish();
}

const random = (bytes: Uint8Array): Uint8Array => answer(0, new TpmWriter().sized(bytes).finish());

describe('answers of a TPM', () => {
  it('asks again as long as the TPM wants that, and not for other codes', async () => {
    const { tpm, commands } = scripted([
      answer(0x922),
      answer(0x908),
      answer(0x90a),
      random(new Uint8Array(4)),
    ]);
    expect((await getRandom(tpm, 4, signal)).length).toBe(4);
    expect(commands).toHaveLength(4);
    const busy = scripted(Array.from({ length: 30 }, () => answer(0x922)));
    await expect(getRandom(busy.tpm, 4, signal)).rejects.toMatchObject({ responseCode: 0x922 });
    expect(busy.commands).toHaveLength(21);
    const failed = scripted([answer(0x101)]);
    await expect(getRandom(failed.tpm, 4, signal)).rejects.toMatchObject({ responseCode: 0x101 });
    expect(failed.commands).toHaveLength(1);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a header that is cut', answer(0).subarray(0, 9)],
    ['a wrong length', random(new Uint8Array(4)).with(5, 17)],
    ['a session where none was', answer(0, fromHex('000400000000'), 0x8002)],
    ['bytes left over', answer(0, fromHex('0004aabbccddee'))],
    ['fewer bytes than it says', answer(0, fromHex('0004aa'))],
    ['more bytes than asked', random(new Uint8Array(5))],
    ['no random bytes at all', random(new Uint8Array(0))],
  ])('refuses %s', async (_what, bytes) => {
    await expect(getRandom(scripted([bytes]).tpm, 4, signal)).rejects.toBeInstanceOf(TpmError);
  });

  it('whatever a TPM answers is a value or a TpmError: property', async () => {
    const seed = Number(process.env['DCML_SEED']);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), fc.boolean(), async (body, session) => {
        const tag = session ? 0x8002 : 0x8001;
        const script = (): Tpm => scripted(Array.from({ length: 3 }, () => answer(0, body, tag))).tpm;
        const calls = [
          () => getRandom(script(), 8, signal),
          () => createPrimary(script(), attestationKeyTemplate(), signal),
          () => readPcrs(script(), [0, 1], signal),
          () => quote(script(), 0x80000000, new Uint8Array(32), [0], signal),
          () => nvRead(script(), 0x01400001, signal),
          () => transientHandles(script(), signal),
        ];
        for (const call of calls) {
          const error: unknown = await call().then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error !== undefined) expect(error).toBeInstanceOf(TpmError);
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  it('an index larger than any that we know is not read', async () => {
    const area = new TpmWriter().u32(1).u16(11).u32(0).u16(0).u16(20_000).finish();
    const { tpm, commands } = scripted([answer(0, new TpmWriter().sized(area).sized(area).finish())]);
    await expect(nvRead(tpm, 1, signal)).rejects.toBeInstanceOf(TpmError);
    expect(commands).toHaveLength(1);
  });

  it('answers about something else are refused', async () => {
    const digest = new Uint8Array(32);
    const pcrAnswer = (pcrs: readonly number[], value: Uint8Array): Uint8Array =>
      answer(0, new TpmWriter().u32(1).bytes(pcrSelection(pcrs)).u32(pcrs.length).sized(value).finish());
    expect((await readPcrs(scripted([pcrAnswer([3], digest)]).tpm, [3], signal)).get(3)).toEqual(digest);
    for (const other of [pcrAnswer([4], digest), pcrAnswer([3], new Uint8Array(20)), pcrAnswer([], digest)]) {
      await expect(readPcrs(scripted([other]).tpm, [3], signal)).rejects.toBeInstanceOf(TpmError);
    }

    const inSession = (parameters: Uint8Array): Uint8Array => {
      const session = new TpmWriter().u16(0).u8(1).u16(0).finish();
      const body = new TpmWriter().u32(parameters.length).bytes(parameters).bytes(session).finish();
      return answer(0, body, 0x8002);
    };
    const attest = (extraData: Uint8Array): Uint8Array =>
      new TpmWriter()
        .u32(0xff544347)
        .u16(0x8018)
        .sized(new Uint8Array(0))
        .sized(extraData)
        .bytes(new Uint8Array(25))
        .bytes(pcrSelection([3]))
        .sized(sha256(digest))
        .finish();
    const quoteAnswer = (extraData: Uint8Array): Uint8Array =>
      inSession(new TpmWriter().sized(attest(extraData)).u16(0x18).finish());
    const wanted = new Uint8Array(32).fill(1);
    const ask = (extraData: Uint8Array) =>
      quote(scripted([pcrAnswer([3], digest), quoteAnswer(extraData)]).tpm, 1, wanted, [3], signal);
    expect((await ask(wanted)).signature).toEqual(fromHex('0018'));
    await expect(ask(new Uint8Array(32).fill(2))).rejects.toThrow('other data');

    const area = new TpmWriter().u32(1).u16(11).u32(0).u16(0).u16(4).finish();
    const size = answer(0, new TpmWriter().sized(area).sized(area).finish());
    const read = (part: Uint8Array) =>
      nvRead(scripted([size, inSession(new TpmWriter().sized(part).finish())]).tpm, 1, signal);
    expect(await read(fromHex('01020304'))).toEqual(fromHex('01020304'));
    await expect(read(fromHex('010203'))).rejects.toBeInstanceOf(TpmError);
    await expect(read(fromHex('0102030405'))).rejects.toBeInstanceOf(TpmError);

    const extended = scripted([inSession(new Uint8Array(0))]);
    await expect(extendPcr(extended.tpm, 16, new Uint8Array(31), signal)).rejects.toBeInstanceOf(TpmError);
    expect(extended.commands).toEqual([]);
  });

  it('sends one command at a time', async () => {
    let running = 0;
    let most = 0;
    const tpm = new Tpm({
      exchange: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return new Uint8Array(random(new Uint8Array(4)));
      },
      close: async () => {},
    });
    await Promise.all(Array.from({ length: 5 }, () => getRandom(tpm, 4, signal)));
    expect(most).toBe(1);
  });
});

describe('transports', () => {
  let directory = '';
  const opened: (() => void)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0)) close();
    if (directory !== '') await rm(directory, { recursive: true, force: true });
  });

  async function listen(onCommand: (client: Socket, connection: number) => void): Promise<string> {
    directory = await mkdtemp(join(tmpdir(), 'dcml-tpm-'));
    let connections = 0;
    const server = createServer((client) => {
      const connection = ++connections;
      client.on('data', () => onCommand(client, connection)).on('error', () => {});
      opened.push(() => client.destroy());
    });
    opened.push(() => server.close());
    const path = join(directory, 'tpm.sock');
    server.listen(path);
    await once(server, 'listening');
    return path;
  }

  it('socket: joins an answer that comes in parts', async () => {
    const whole = random(new Uint8Array(4).fill(7));
    const path = await listen((client) => {
      client.write(whole.subarray(0, 3));
      setImmediate(() => client.write(whole.subarray(3)));
    });
    const tpm = new Tpm(createSocketTransport(path));
    expect(await getRandom(tpm, 4, signal)).toEqual(new Uint8Array(4).fill(7));
    await tpm.close();
  });

  it('socket: a late answer to an aborted command is not taken for the next one', async () => {
    const path = await listen((client, connection) => {
      // The first connection answers never; what it would say is the wrong answer to the second question.
      if (connection > 1) client.write(random(new Uint8Array(4).fill(connection)));
    });
    const tpm = new Tpm(createSocketTransport(path));
    const controller = new AbortController();
    const first = getRandom(tpm, 4, controller.signal);
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(first).rejects.toThrow('enough');
    expect(await getRandom(tpm, 4, signal)).toEqual(new Uint8Array(4).fill(2));
    await tpm.close();
  });

  it.each([
    ['an answer that is too long', new Uint8Array(9000)],
    ['an answer that says it is longer than any', fromHex('8001ffffffff00000000')],
    ['an answer shorter than a header', fromHex('800100000004')],
    ['two answers', Uint8Array.from([...answer(0), ...answer(0)])],
  ])('socket: refuses %s', async (_what, bytes) => {
    const path = await listen((client) => client.write(bytes));
    const transport = createSocketTransport(path);
    await expect(transport.exchange(new Uint8Array(12), signal)).rejects.toBeInstanceOf(TpmError);
    await transport.close();
  });

  it('socket: a connection that closes, and a path without anybody', async () => {
    const path = await listen((client) => client.destroy());
    const transport = createSocketTransport(path);
    await expect(transport.exchange(new Uint8Array(12), signal)).rejects.toBeInstanceOf(TpmError);
    await transport.close();
    const nobody = createSocketTransport(join(directory, 'none'));
    await expect(nobody.exchange(new Uint8Array(12), signal)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('device: gives what the file answers, and refuses a device that is not there', async () => {
    // A file that swallows commands and answers nothing.
    const transport = createDeviceTransport('/dev/null');
    expect((await transport.exchange(new Uint8Array(12), signal)).length).toBe(0);
    await expect(getRandom(new Tpm(transport), 4, signal)).rejects.toBeInstanceOf(TpmError);
    await expect(
      transport.exchange(new Uint8Array(12), AbortSignal.abort(new Error('enough'))),
    ).rejects.toThrow('enough');
    await transport.close();
    const none = createDeviceTransport('/dev/there-is-no-tpm');
    await expect(none.exchange(new Uint8Array(12), signal)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
