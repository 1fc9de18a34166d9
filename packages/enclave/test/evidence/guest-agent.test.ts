import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeUtf8, toHex } from '@dcml/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDstackEvidenceSource } from '../../src/evidence/dstack-guest-agent.ts';
import { nvattestOutput } from './device-output.ts';

const never = new AbortController().signal;
const refused = expect.objectContaining({ code: 'ENCLAVE_PLATFORM' });
const NONCE = new Uint8Array(32).fill(0x4e);

let directory: string;
let server: Server;
let answer: RequestListener;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-agent-'));
  server = createServer((request, response) => answer(request, response));
  server.listen(join(directory, 'a.sock'));
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

const source = () => createDstackEvidenceSource({ socketPath: join(directory, 'a.sock'), deadlineMs: 5000 });

function answerWith(body: unknown, status = 200): { readonly asked: { path: string; body: string }[] } {
  const asked: { path: string; body: string }[] = [];
  answer = (request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => {
      text += part.toString();
    });
    request.on('end', () => {
      asked.push({ path: request.url ?? '', body: text });
      response.writeHead(status).end(JSON.stringify(body));
    });
  };
  return { asked };
}

const bundle = (evidence: string, change: object = {}) => ({
  vendor: 'nvidia',
  format: 'nvidia-nvattest-collect-evidence-json-v1',
  evidence: toHex(encodeUtf8(evidence)),
  ...change,
});

describe('the dstack guest agent', () => {
  it('collects GPU evidence over the nonce', async () => {
    const { asked } = answerWith({ bundles: [bundle(nvattestOutput(NONCE, 2))] });
    const devices = await source().devices!(NONCE, never);
    expect(devices.map((device) => device.role)).toEqual(['gpu', 'gpu']);
    expect(asked).toEqual([{ path: '/v1/AttestGpu', body: `{"nonce":"${toHex(NONCE)}"}` }]);
  });

  it('refuses device evidence of another vendor, form or nonce, and a nonce of another length', async () => {
    const other = new Uint8Array(32).fill(1);
    for (const one of [
      bundle(nvattestOutput(NONCE, 1), { vendor: 'amd' }),
      bundle(nvattestOutput(NONCE, 1), { format: 'nvidia-nvattest-boottime-json-v1' }),
      bundle(nvattestOutput(NONCE, 1), { evidence: 'zz' }),
      bundle(nvattestOutput(other, 1)),
      bundle('not JSON'),
    ]) {
      answerWith({ bundles: [one] });
      await expect(source().devices!(NONCE, never), JSON.stringify(one).slice(0, 80)).rejects.toThrow(
        refused,
      );
    }
    const short = NONCE.subarray(0, 31);
    const { asked } = answerWith({ bundles: [bundle(nvattestOutput(short, 1))] });
    await expect(source().devices!(short, never)).rejects.toThrow(refused);
    expect(asked).toEqual([]);
  });

  it('refuses a status, a quote of an unknown version and one over other report data', async () => {
    answerWith({}, 400);
    await expect(source().quote(new Uint8Array(64), never)).rejects.toThrow(refused);
    const quote = new Uint8Array(700);
    for (const [version, at] of [
      [4, 568],
      [5, 574],
    ] as const) {
      quote.fill(0).set([version, 0]);
      quote.set(new Uint8Array(64).fill(7), at);
      answerWith({ quote: toHex(quote), event_log: '[]' });
      await expect(source().quote(new Uint8Array(64).fill(7), never)).resolves.toMatchObject({
        teeType: 'tdx',
      });
      await expect(source().quote(new Uint8Array(64).fill(8), never)).rejects.toThrow(refused);
    }
    quote.set([3, 0]);
    answerWith({ quote: toHex(quote), event_log: '[]' });
    await expect(source().quote(new Uint8Array(64).fill(7), never)).rejects.toThrow(refused);
  });

  it('passes on that this agent extends nothing for applications', async () => {
    answerWith({ error: 'removed' }, 400);
    const extended = source().extend!({ name: 'x', payload: new Uint8Array(1) }, never);
    await expect(extended).rejects.toThrow(refused);
  });
});
