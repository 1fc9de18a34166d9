import { createPublicKey, verify } from 'node:crypto';
import { concatBytes, encodeUtf8, equalBytes, sha256, toHex } from '@dcml/core';
import { isSwtpmInstalled, type Swtpm, startSwtpm } from '@dcml/testing/evidence-source';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attestationKeyTemplate, createPrimary } from '../../src/tpm/attestation-key.ts';
import { flushContext, transientHandles } from '../../src/tpm/flush-context.ts';
import { getRandom } from '../../src/tpm/get-random.ts';
import { nvRead, nvSize } from '../../src/tpm/nv.ts';
import { extendPcr, readPcrs } from '../../src/tpm/pcr.ts';
import { quote } from '../../src/tpm/quote.ts';
import { readPublic } from '../../src/tpm/read-public.ts';
import { createSocketTransport } from '../../src/tpm/socket-transport.ts';
import { Tpm } from '../../src/tpm/tpm.ts';
import { handles } from '../../src/tpm/tpm-constants.ts';
import { TpmReader } from '../../src/tpm/tpm-reader.ts';
import { TpmWriter } from '../../src/tpm/tpm-writer.ts';

const signal = new AbortController().signal;
const PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 23];

/** The point of a `TPMT_PUBLIC` of a P-256 key: it comes last. */
function publicPoint(publicArea: Uint8Array): { x: Uint8Array; y: Uint8Array } {
  const reader = new TpmReader(publicArea.subarray(-68));
  return { x: reader.sized(), y: reader.sized() };
}

function verifyEcdsa(publicArea: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { x, y } = publicPoint(publicArea);
  const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const key = createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: encode(x), y: encode(y) },
    format: 'jwk',
  });
  const reader = new TpmReader(signature);
  expect(reader.u16()).toBe(0x0018);
  expect(reader.u16()).toBe(0x000b);
  // TPM integers may come without leading zeros.
  const pad = (bytes: Uint8Array): Uint8Array => concatBytes(new Uint8Array(32 - bytes.length), bytes);
  const raw = concatBytes(pad(reader.sized()), pad(reader.sized()));
  reader.end();
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, raw);
}

describe.skipIf(!isSwtpmInstalled())('TPM 2.0 commands, against swtpm', () => {
  let swtpm: Swtpm;
  let tpm: Tpm;
  beforeAll(async () => {
    swtpm = await startSwtpm('canary');
    tpm = new Tpm(createSocketTransport(swtpm.socketPath));
  });
  afterAll(async () => {
    await tpm.close();
    await swtpm.close();
  });

  it('GetRandom gives as many bytes as asked, others each time', async () => {
    for (const length of [0, 1, 32, 33, 100])
      expect((await getRandom(tpm, length, signal)).length).toBe(length);
    const [first, second] = [await getRandom(tpm, 32, signal), await getRandom(tpm, 32, signal)];
    expect(equalBytes(first, second)).toBe(false);
  });

  it('CreatePrimary gives the same key for the same template, ReadPublic shows it, FlushContext frees it', async () => {
    const first = await createPrimary(tpm, attestationKeyTemplate(), signal);
    expect(equalBytes(await readPublic(tpm, first.handle, signal), first.publicArea)).toBe(true);
    expect(await transientHandles(tpm, signal)).toEqual([first.handle]);
    await flushContext(tpm, first.handle, signal);
    expect(await transientHandles(tpm, signal)).toEqual([]);
    const again = await createPrimary(tpm, attestationKeyTemplate(), signal);
    expect(equalBytes(again.publicArea, first.publicArea)).toBe(true);
    await flushContext(tpm, again.handle, signal);
    await expect(readPublic(tpm, again.handle, signal)).rejects.toMatchObject({ name: 'TpmError' });
  });

  it('PCR_Read gives more registers than one answer holds, PCR_Extend changes one', async () => {
    const before = await readPcrs(tpm, PCRS, signal);
    expect([...before.keys()].sort((a, b) => a - b)).toEqual(PCRS);
    expect(toHex(before.get(16)!)).toBe('00'.repeat(32));
    const digest = sha256(encodeUtf8('event'));
    await extendPcr(tpm, 16, digest, signal);
    const after = await readPcrs(tpm, PCRS, signal);
    expect(toHex(after.get(16)!)).toBe(toHex(sha256(concatBytes(new Uint8Array(32), digest))));
    expect(toHex(after.get(0)!)).toBe(toHex(before.get(0)!));
    await expect(extendPcr(tpm, 16, new Uint8Array(31), signal)).rejects.toMatchObject({ name: 'TpmError' });
  });

  it('Quote signs the data and the registers under the attestation key', async () => {
    const key = await createPrimary(tpm, attestationKeyTemplate(), signal);
    const data = sha256(encodeUtf8('report data'));
    const made = await quote(tpm, key.handle, data, PCRS, signal);
    expect(verifyEcdsa(key.publicArea, made.message, made.signature)).toBe(true);
    const forged = made.message.slice();
    forged[60]! ^= 1;
    expect(verifyEcdsa(key.publicArea, forged, made.signature)).toBe(false);
    expect(toHex(made.message)).toContain(toHex(data));
    expect([...made.pcrs.keys()].sort((a, b) => a - b)).toEqual(PCRS);
    await flushContext(tpm, key.handle, signal);
    await expect(quote(tpm, key.handle, data, PCRS, signal)).rejects.toMatchObject({ name: 'TpmError' });
  });

  it('Quote takes the registers anew when one changes in between', async () => {
    const key = await createPrimary(tpm, attestationKeyTemplate(), signal);
    let disturbances = 0;
    const inner = createSocketTransport(swtpm.socketPath);
    const innerTpm = new Tpm(inner);
    const disturbed = new Tpm({
      async exchange(command, stop) {
        const isQuote = new DataView(command.buffer, command.byteOffset).getUint32(6) === 0x158;
        if (isQuote && disturbances-- > 0) await extendPcr(innerTpm, 16, new Uint8Array(32), stop);
        return inner.exchange(command, stop);
      },
      close: () => inner.close(),
    });
    disturbances = 2;
    const made = await quote(disturbed, key.handle, sha256(encodeUtf8('x')), [16], signal);
    expect(toHex(made.pcrs.get(16)!)).toBe(toHex((await readPcrs(tpm, [16], signal)).get(16)!));
    disturbances = 100;
    const failed = quote(disturbed, key.handle, sha256(encodeUtf8('x')), [16], signal);
    await expect(failed).rejects.toThrow('change all the time');
    await disturbed.close();
    await flushContext(tpm, key.handle, signal);
  });

  it('NV_Read gives all of an index that is larger than one answer', async () => {
    const index = 0x01400001;
    const content = Uint8Array.from({ length: 1300 }, (_, at) => at & 0xff);
    await define(swtpm, index, content.length);
    await writeIndex(swtpm, index, content);
    expect(await nvSize(tpm, index, signal)).toBe(content.length);
    expect(equalBytes(await nvRead(tpm, index, signal), content)).toBe(true);
    await expect(nvRead(tpm, 0x01400002, signal)).rejects.toMatchObject({ name: 'TpmError' });
  });
});

/** Commands that the enclave does not send, as raw bytes. */
async function raw(path: string, code: number, body: Uint8Array): Promise<void> {
  const transport = createSocketTransport(path);
  const command = new TpmWriter()
    .u16(0x8002)
    .u32(10 + body.length)
    .u32(code)
    .bytes(body)
    .finish();
  const reader = new TpmReader(await transport.exchange(command, signal));
  reader.bytes(6);
  expect(reader.u32()).toBe(0);
  await transport.close();
}

const password = new TpmWriter().u32(9).u32(handles.passwordSession).u16(0).u8(0).u16(0).finish();

/** NV_DefineSpace: read and written with the index's own empty password (AUTHREAD, AUTHWRITE, NO_DA). */
async function define(swtpm: Swtpm, index: number, size: number): Promise<void> {
  const area = new TpmWriter().u32(index).u16(0x0b).u32(0x02040004).u16(0).u16(size).finish();
  const body = new TpmWriter().u32(handles.owner).bytes(password).u16(0).sized(area).finish();
  await raw(swtpm.socketPath, 0x12a, body);
}

async function writeIndex(swtpm: Swtpm, index: number, content: Uint8Array): Promise<void> {
  for (let offset = 0; offset < content.length; offset += 500) {
    const part = content.subarray(offset, offset + 500);
    const body = new TpmWriter().u32(index).u32(index).bytes(password).sized(part).u16(offset).finish();
    await raw(swtpm.socketPath, 0x137, body);
  }
}
