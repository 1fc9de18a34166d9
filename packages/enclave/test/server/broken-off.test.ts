import { type ChannelStatus, decodeChannelStatus } from '@dcml/channel';
import { parseJson } from '@dcml/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/engine-error.ts';
import { errorCode, openPaidChannel, startTestEnclave, type TestEnclave, type TestPayer } from './harness.ts';

let enclave: TestEnclave;
beforeEach(async () => {
  enclave = await startTestEnclave();
});
afterEach(() => enclave.close());

async function statusOf(payer: TestPayer): Promise<ChannelStatus> {
  return decodeChannelStatus(parseJson((await payer.request('status')).body.toString()));
}

/** Blocks the engine before token `at` until the test lets go. */
function blockAt(at: number): { readonly reached: Promise<void>; readonly release: () => void } {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  enclave.engine.gate = async (index, signal) => {
    if (index !== at) return;
    reached.resolve();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    await Promise.race([released.promise, aborted]);
  };
  return { reached: reached.promise, release: released.resolve };
}

const streamed = { stream: true, max_tokens: 8 };

describe('answers that do not complete', () => {
  it('charge a client that goes away for what was delivered only', async () => {
    const payer = await openPaidChannel(enclave);
    blockAt(3);
    const leave = new AbortController();
    const received = Promise.withResolvers<void>();
    const onData = (part: Buffer): void => {
      if (part.includes('w2')) received.resolve();
    };
    const answer = payer.chat(streamed, payer.voucher(54n), { signal: leave.signal, onData });
    const ended = expect(answer).rejects.toThrow();
    await received.promise;
    leave.abort();
    await ended;
    const approval = await payer.closed();
    // 10 prompt tokens and the three completion tokens that went out.
    expect(approval.charge).toEqual({ ownerWei: 13n, hostWei: 26n });
  });

  it('charge nothing for a buffered answer that nobody waits for', async () => {
    const payer = await openPaidChannel(enclave);
    const block = blockAt(3);
    const leave = new AbortController();
    const answer = payer.chat({ max_tokens: 8 }, payer.voucher(54n), { signal: leave.signal });
    const gone = expect(answer).rejects.toThrow();
    await block.reached;
    leave.abort();
    await gone;
    expect((await payer.closed()).charge).toEqual({ ownerWei: 0n, hostWei: 0n });
  });

  it('are cut, never ended, when the engine dies mid-stream', async () => {
    const payer = await openPaidChannel(enclave);
    enclave.engine.gate = async (index) => {
      if (index === 2) throw new EngineError('ENGINE_DEAD', 'the engine died');
    };
    const answer = await payer.chat(streamed, payer.voucher(54n));
    expect(answer.cut).toBe(true);
    expect(answer.body.includes('[DONE]')).toBe(false);
    expect((await payer.closed()).charge).toEqual({ ownerWei: 12n, hostWei: 24n });
  });

  it('become an error that costs nothing when the engine dies before a buffered answer', async () => {
    const payer = await openPaidChannel(enclave);
    enclave.engine.gate = async () => {
      throw new EngineError('ENGINE_DEAD', 'the engine died');
    };
    const answer = await payer.chat({ max_tokens: 8 }, payer.voucher(54n));
    expect([answer.status, errorCode(answer)]).toEqual([503, 'ENGINE_DEAD']);
    expect((await statusOf(payer)).charge).toEqual({ ownerWei: 0n, hostWei: 0n });
  });

  it('stop when their channel closes, and the approval counts what was delivered', async () => {
    const payer = await openPaidChannel(enclave);
    const block = blockAt(2);
    const answer = payer.chat(streamed, payer.voucher(54n));
    await block.reached;
    const approval = await payer.closed();
    expect(approval.charge).toEqual({ ownerWei: 12n, hostWei: 24n });
    expect((await answer).cut).toBe(true);
  });

  it('say nothing of what a user wrote when something unexpected fails (adversarial: prompt canaries)', async () => {
    const payer = await openPaidChannel(enclave);
    enclave.engine.gate = async () => {
      throw new Error('CANARY-7f3a in an error message');
    };
    const body = { max_tokens: 8, messages: [{ role: 'user', content: 'CANARY-7f3a' }] };
    const answer = await payer.chat(body, payer.voucher(54n));
    expect([answer.status, errorCode(answer)]).toEqual([500, 'ENCLAVE_INTERNAL']);
    expect(answer.body.includes('CANARY')).toBe(false);
    expect(enclave.logLines.length).toBeGreaterThan(0);
    expect(enclave.logLines.join('\n')).not.toContain('CANARY');
  });

  it('in parallel on one channel never add up to more than is authorized (adversarial: requests race)', async () => {
    const payer = await openPaidChannel(enclave);
    const amounts = [54n, 108n, 162n, 216n, 54n, 108n];
    const answers = await Promise.all(amounts.map((amount) => payer.chat(streamed, payer.voucher(amount))));
    const served = answers.filter((answer) => answer.status === 200).length;
    const status = await statusOf(payer);
    expect(served).toBeGreaterThan(0);
    expect(status.charge).toEqual({ ownerWei: 15n * BigInt(served), hostWei: 30n * BigInt(served) });
    expect(status.charge.ownerWei + status.charge.hostWei).toBeLessThanOrEqual(status.authorizedWei);
  });
});
