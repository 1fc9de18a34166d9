import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fields, fromHex, parseJson, sha256, systemRandom, toHex } from '@dcml/core';
import {
  createSimulatedVendor,
  encodeSimulatedVendor,
  openSimulatedVendor,
  replayRegisters,
  startSimulatedGuestAgent,
} from '@dcml/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const NOW_MS = Date.parse('2026-11-01T00:00:00Z');
const vendor = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });

let directory: string;
let abort: AbortController;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-tee-'));
  abort = new AbortController();
});
afterEach(async () => {
  abort.abort();
  await rm(directory, { recursive: true, force: true });
});

function call(socketPath: string, path: string, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const outgoing = request({ socketPath, path, method, timeout: 5000 }, (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject).end(body);
  });
}

describe('simulated guest agent', () => {
  const start = (socketPath: string) =>
    startSimulatedGuestAgent({ socketPath, vendor, appCompose: '{"a":1}', signal: abort.signal });

  it('answers GetQuote with a quote over the padded report data and an event log that replays', async () => {
    const agent = await start(join(directory, 'dstack.sock'));
    const { status, text } = await call(agent.socketPath, '/GetQuote', '{"report_data":"1234"}');
    expect(status).toBe(200);
    const fields = new Fields(parseJson(text), 'answer');
    const quote = fromHex(fields.string('quote', 20_000));
    expect(toHex(quote.subarray(568, 632))).toBe(`1234${'00'.repeat(62)}`);
    expect(fields.string('report_data')).toBe(`1234${'00'.repeat(62)}`);
    const log = parseJson(fields.string('event_log', 20_000)) as readonly Record<string, string>[];
    const names = log.filter((event) => event['event'] !== '').map((event) => event['event']);
    expect(names).toEqual([
      'system-preparing',
      'app-id',
      'compose-hash',
      'instance-id',
      'boot-mr-done',
      'os-image-hash',
      'key-provider',
      'storage-fs',
      'system-ready',
    ]);
    const registers = replayRegisters(agent.guest.events());
    expect(toHex(quote.subarray(376, 568))).toBe(registers.map((register) => toHex(register)).join(''));
  });

  it('takes arguments from the query, extends RTMR3 by EmitEvent and refuses what it does not know', async () => {
    const agent = await start(join(directory, 'dstack.sock'));
    const before = await call(agent.socketPath, '/GetQuote?report_data=00');
    expect(before.status).toBe(200);
    const emitted = await call(agent.socketPath, '/EmitEvent', '{"event":"x","payload":"00ff"}');
    expect(emitted).toEqual({ status: 200, text: '' });
    expect(agent.guest.events().at(-1)?.event).toBe('x');
    expect((await call(agent.socketPath, '/GetQuote', '{"report_data":"zz"}')).status).toBe(400);
    expect((await call(agent.socketPath, '/GetQuote', '{}')).status).toBe(400);
    expect((await call(agent.socketPath, `/GetQuote?report_data=${'00'.repeat(65)}`)).status).toBe(400);
    expect((await call(agent.socketPath, '/GetKey', '{}')).status).toBe(404);
    expect((await call(agent.socketPath, '/GetQuote', ' '.repeat(70_000))).status).toBe(413);
  });

  it('says in Info that it is simulated and gives the measured compose', async () => {
    const agent = await start(join(directory, 'dstack.sock'));
    const { text } = await call(agent.socketPath, '/Info');
    const fields = new Fields(parseJson(text), 'answer');
    expect(fields.boolean('simulated')).toBe(true);
    const tcbInfo = new Fields(parseJson(fields.string('tcb_info', 50_000)), 'tcb_info');
    expect(tcbInfo.string('app_compose')).toBe('{"a":1}');
    expect(fields.string('compose_hash')).toBe(toHex(sha256(new TextEncoder().encode('{"a":1}'))));
  });

  it('replaces the socket of a dead agent, refuses the one of a living agent, and goes on abort', async () => {
    const socketPath = join(directory, 'dstack.sock');
    await writeFile(socketPath, '');
    const agent = await start(socketPath);
    await expect(start(socketPath)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    abort.abort();
    await agent.close();
    await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('simulated vendor file', () => {
  it('keeps one root per path, mode 0600, also when two processes start at once', async () => {
    const path = join(directory, 'tee', 'vendor.json');
    const options = { random: systemRandom, nowMs: NOW_MS };
    const [first, second] = await Promise.all([
      openSimulatedVendor(path, options),
      openSimulatedVendor(path, options),
    ]);
    const third = await openSimulatedVendor(path, options);
    expect(encodeSimulatedVendor(second)).toBe(encodeSimulatedVendor(first));
    expect(encodeSimulatedVendor(third)).toBe(encodeSimulatedVendor(first));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('refuses a file that is no vendor', async () => {
    const path = join(directory, 'vendor.json');
    await writeFile(path, '{"version":2}');
    await expect(openSimulatedVendor(path, { random: systemRandom, nowMs: NOW_MS })).rejects.toThrow(
      'vendor.version',
    );
  });
});
