import { expect, it } from 'vitest';
import { wallTime } from '../src/chain/chain-clock.ts';
import type { JournalEntry } from '../src/chain/chain-journal.ts';
import { ChainTurns } from '../src/chain/chain-turns.ts';
import type { RpcCall, RpcRequest } from '../src/chain/json-rpc.ts';

const clock = { now: () => 1_800_000_000_000, monotonicMs: () => 0 };
const request = (method: string, ...params: unknown[]): RpcRequest => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params,
});

/** A node whose whole state is the number of its blocks. */
function createNode(): { call: RpcCall; calls: string[] } {
  const calls: string[] = [];
  let blocks = 0;
  const call: RpcCall = async (method) => {
    calls.push(method);
    switch (method) {
      case 'evm_mine':
        blocks++;
        return { result: '0x0' };
      case 'eth_getBlockByNumber':
        return { result: { timestamp: '0x1', hash: `block ${blocks}` } };
      case 'eth_blockNumber':
        return { result: blocks };
      case 'eth_sendRawTransaction':
      case 'eth_getTransactionReceipt':
        return { result: '0xabc' };
      default:
        throw new Error('the node died');
    }
  };
  return { call, calls };
}

it('nothing is answered before it is stored, not even to those who only read', async () => {
  const { call } = createNode();
  const stored: JournalEntry[] = [];
  const releases: (() => void)[] = [];
  const turns = new ChainTurns({
    call,
    clock,
    clockState: wallTime,
    append: (entry) => {
      stored.push(entry);
      return new Promise((resolve) => releases.push(resolve));
    },
  });
  const answered: string[] = [];
  const write = turns.handle(request('eth_sendRawTransaction', '0x')).then(() => answered.push('write'));
  const read = turns.handle(request('eth_blockNumber')).then(() => answered.push('read'));
  while (releases.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const late = turns.handle(request('eth_blockNumber')).then(() => answered.push('late'));
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toEqual([]);
  expect(stored).toEqual([
    {
      calls: [
        { method: 'eth_sendRawTransaction', params: ['0x'] },
        { method: 'evm_mine', params: [1_800_000_000] },
      ],
      clock: wallTime,
      head: 'block 1',
    },
  ]);
  releases[0]!();
  await Promise.all([write, read, late]);
  expect(answered).toEqual(['write', 'read', 'late']);
});

it('requests that wait together are stored together', async () => {
  const { call, calls } = createNode();
  const stored: string[] = [];
  const append = async ({ head }: JournalEntry): Promise<void> => void stored.push(head);
  const turns = new ChainTurns({ call, clock, clockState: wallTime, append });
  await Promise.all(Array.from({ length: 20 }, () => turns.handle(request('evm_mine'))));
  expect(stored.at(-1)).toBe('block 20');
  expect(stored.length).toBeLessThanOrEqual(2);
  expect(calls.filter((method) => method === 'evm_mine')).toHaveLength(20);
});

it('while the disk is full nobody is answered, and afterwards the state is stored first', async () => {
  const { call } = createNode();
  const stored: string[] = [];
  let isFull = true;
  const append = async ({ head }: JournalEntry): Promise<void> => {
    if (isFull) throw new Error('no space left');
    stored.push(head);
  };
  const turns = new ChainTurns({ call, clock, clockState: wallTime, append });
  const failure = { error: { code: -32603, message: 'the chain state could not be stored' } };
  expect(await turns.handle(request('evm_mine'))).toEqual(failure);
  expect(await turns.handle(request('eth_blockNumber'))).toEqual(failure);
  isFull = false;
  expect(await turns.handle(request('eth_blockNumber'))).toEqual({ result: 1 });
  expect(stored).toEqual(['block 1']);
});

it('reads alone store nothing, and a dead node is an error of each request', async () => {
  const stored: string[] = [];
  const append = async ({ head }: JournalEntry): Promise<void> => void stored.push(head);
  const turns = new ChainTurns({ call: createNode().call, clock, clockState: wallTime, append });
  expect(await turns.handle(request('eth_blockNumber'))).toEqual({ result: 0 });
  expect(await turns.handle(request('eth_gasPrice'))).toMatchObject({ error: { code: -32603 } });
  expect(stored).toEqual([]);
});
