import { asAddress, asChannelId } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { createRpcChannelView, type FetchRpc } from '../src/index.ts';

const contract = asAddress(`0x${'c0'.repeat(20)}`);
const id = asChannelId(`0x${'1d'.repeat(32)}`);
const open = `0x${'0'.repeat(62)}07${'0'.repeat(64)}${'0'.repeat(63)}1`;
const signal = new AbortController().signal;
const never: FetchRpc = () => new Promise(() => undefined);

describe('createRpcChannelView', () => {
  it('asks the contract for the newest state and says how far it is to be believed', async () => {
    const calls: unknown[] = [];
    const view = createRpcChannelView({
      contract,
      fetchRpc: async (method, params) => {
        calls.push({ method, params });
        return open;
      },
    });
    expect(view.source).toBe('operator_asserted');
    expect(await view.getChannel(id, signal)).toEqual({ status: 'open', depositWei: 7n, closesAt: 0 });
    expect(calls).toEqual([
      { method: 'eth_call', params: [{ to: contract, data: `0xb7d9c80e${id.slice(2)}` }, 'latest'] },
    ]);
  });

  it('a node that fails is CHAIN_UNREACHABLE', async () => {
    const view = createRpcChannelView({ contract, fetchRpc: () => Promise.reject(new Error('refused')) });
    await expect(view.getChannel(id, signal)).rejects.toMatchObject({
      code: 'CHAIN_UNREACHABLE',
      advice: 'retry',
    });
  });

  it('a node that hangs is CHAIN_UNREACHABLE at the deadline, even if it ignores the signal', async () => {
    const view = createRpcChannelView({ contract, fetchRpc: never, timeoutMs: 5 });
    await expect(view.getChannel(id, signal)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  });

  it('an abort rejects with its reason, before and during the call', async () => {
    const view = createRpcChannelView({ contract, fetchRpc: never });
    const reason = new Error('stopped');
    await expect(view.getChannel(id, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const pending = view.getChannel(id, controller.signal);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('an address without the contract is CHAIN_ANSWER, not an empty channel', async () => {
    const view = createRpcChannelView({ contract, fetchRpc: async () => '0x' });
    await expect(view.getChannel(id, signal)).rejects.toMatchObject({
      code: 'CHAIN_ANSWER',
      advice: 'do-not-trust',
    });
  });
});
