import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asAddress } from '@dcml/core';
import { startTestChain, type TestChain } from '@dcml/devnet';
import { custom } from 'viem';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { fromAbiSeconds, fromAbiStatus } from '../src/channel-values.ts';
import {
  attachContracts,
  createChainClient,
  depositBond,
  getBond,
  getCoins,
  sendTransaction,
  transfer,
} from '../src/index.ts';

let chain: TestChain;
beforeAll(async () => {
  chain = await startTestChain();
});
afterAll(() => chain?.close());

const poorKey = `0x${'99'.repeat(32)}` as const;

async function startServer(answer: (method: string) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { id, method } = JSON.parse(body) as { id: number; method: string };
      const value = answer(method);
      if (value === undefined) return;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(value as object) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('a node of another chain is EVM_WRONG_CHAIN', async () => {
  await expect(createChainClient({ rpcUrl: chain.rpcUrl, chainId: 1 })).rejects.toMatchObject({
    code: 'EVM_WRONG_CHAIN',
    details: { expected: 1, actual: chain.chainId },
  });
});

it('no node, a silent node and no address are EVM_UNREACHABLE', async () => {
  const unreachable = { code: 'EVM_UNREACHABLE', advice: 'retry' };
  await expect(createChainClient({ rpcUrl: 'http://127.0.0.1:1' })).rejects.toMatchObject(unreachable);
  await expect(createChainClient({})).rejects.toMatchObject(unreachable);
  const silent = await startServer(() => undefined);
  await expect(createChainClient({ rpcUrl: silent, timeoutMs: 20 })).rejects.toMatchObject(unreachable);
});

it('a node that answers an error or nonsense is EVM_ANSWER', async () => {
  const angry = await startServer(() => ({ error: { code: -32000, message: 'no' } }));
  await expect(createChainClient({ rpcUrl: angry })).rejects.toMatchObject({ code: 'EVM_ANSWER' });
  expect(() => fromAbiStatus(4)).toThrow(expect.objectContaining({ code: 'EVM_ANSWER' }));
  expect(() => fromAbiSeconds(2n ** 63n)).toThrow(expect.objectContaining({ code: 'EVM_ANSWER' }));
});

it('a client without a key reads but does not send: EVM_NO_ACCOUNT', async () => {
  const client = await createChainClient({ rpcUrl: chain.rpcUrl });
  const reader = await attachContracts(client, chain.contracts);
  expect(reader.address).toBeNull();
  expect(await getBond(reader, chain.accounts.host.address)).toBe(0n);
  await expect(depositBond(reader, 1n)).rejects.toMatchObject({ code: 'EVM_NO_ACCOUNT' });
});

it('a poor account is EVM_INSUFFICIENT_FUNDS', async () => {
  const client = await createChainClient({ rpcUrl: chain.rpcUrl, account: poorKey });
  const poor = await attachContracts(client, chain.contracts);
  await expect(depositBond(poor, 1n)).rejects.toMatchObject({ code: 'EVM_INSUFFICIENT_FUNDS' });
  await expect(transfer(poor, chain.accounts.host.address, 1n)).rejects.toMatchObject({
    code: 'EVM_INSUFFICIENT_FUNDS',
  });
});

it('addresses without contracts, or with contracts of others, are EVM_NO_CONTRACT', async () => {
  const client = await createChainClient({ rpcUrl: chain.rpcUrl });
  const { registry, channels } = chain.contracts;
  const empty = asAddress(`0x${'12'.repeat(20)}`);
  for (const contracts of [
    { registry: empty, channels },
    { registry, channels: empty },
    { registry: channels, channels },
  ]) {
    await expect(attachContracts(client, contracts)).rejects.toMatchObject({ code: 'EVM_NO_CONTRACT' });
  }
});

it('a refusal that is not of our contracts is EVM_REVERTED with an unknown error', async () => {
  // Code that reverts with four bytes: PUSH4 deadbeef PUSH0 MSTORE PUSH1 4 PUSH1 28 REVERT.
  const target = asAddress(`0x${'13'.repeat(20)}`);
  await fetch(chain.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'anvil_setCode',
      params: [target, '0x63deadbeef5f526004601cfd'],
    }),
  });
  await expect(sendTransaction(chain.as('payer'), { to: target, data: '0x' })).rejects.toMatchObject({
    code: 'EVM_REVERTED',
    details: { error: 'unknown', args: ['0xdeadbeef'] },
  });
});

it('a transaction that no block takes is EVM_NOT_MINED with its hash', async () => {
  const source = chain.as('payer').viem;
  const transport = custom({
    request: ({ method, params }: { method: string; params?: unknown }) =>
      method === 'eth_getTransactionReceipt'
        ? Promise.resolve(null)
        : source.request({ method, params } as never),
  });
  const client = await createChainClient({ transport, account: chain.accounts.payer.privateKey, pollMs: 5 });
  const sent = transfer(client, chain.accounts.host.address, 1n, { timeoutMs: 50 });
  await expect(sent).rejects.toMatchObject({
    code: 'EVM_NOT_MINED',
    details: { hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
  });
});

it('a transaction that is refused only once it is mined is EVM_REVERTED with the reason', async () => {
  const source = chain.as('payer').viem;
  let estimates = 0;
  const transport = custom({
    request: ({ method, params }: { method: string; params?: unknown }) => {
      // The first estimate sees another state than the block does.
      if (method === 'eth_estimateGas' && estimates++ === 0) return Promise.resolve('0x30d40');
      return source.request({ method, params } as never);
    },
  });
  const client = await createChainClient({ transport, account: chain.accounts.payer.privateKey, pollMs: 5 });
  const dcml = await attachContracts(client, chain.contracts);
  await expect(depositBond(dcml, 0n)).rejects.toMatchObject({
    code: 'EVM_REVERTED',
    details: { error: 'InferenceChannelsZeroAmount' },
  });
});

it('transactions of one client sent at once get one nonce each', async () => {
  const { host } = chain.accounts;
  const before = await getCoins(chain.as('payer'), host.address);
  await Promise.all(Array.from({ length: 8 }, () => transfer(chain.as('payer'), host.address, 1n)));
  expect((await getCoins(chain.as('payer'), host.address)) - before).toBe(8n);
});

it('an abort ends the wait with its reason', async () => {
  const reason = new Error('stopped');
  const signal = AbortSignal.abort(reason);
  await expect(transfer(chain.as('payer'), chain.accounts.host.address, 1n, { signal })).rejects.toBe(reason);
  await expect(getBond(chain.as('payer'), chain.accounts.host.address, { signal })).rejects.toBe(reason);
  // Nothing was sent for it.
  const after = await getCoins(chain.as('payer'), chain.accounts.host.address);
  await transfer(chain.as('payer'), chain.accounts.host.address, 1n);
  expect((await getCoins(chain.as('payer'), chain.accounts.host.address)) - after).toBe(1n);
});
