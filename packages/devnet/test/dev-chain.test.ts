import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getChannelId, getCoins, transfer } from '@dcml/evm';
import { expect, it } from 'vitest';
import { wallTime } from '../src/chain/chain-clock.ts';
import { openJournal } from '../src/chain/chain-journal.ts';
import { deployDevContracts, loadDevAccounts, startDevChain } from '../src/index.ts';
import { connect, makeDataDir, post, processGone, rpc, startChain } from './chain-fixtures.ts';

const signal = new AbortController().signal;
const onExit = (): void => undefined;
const target = `0x${'aa'.repeat(20)}` as Parameters<typeof transfer>[1];

it('restart continues: blocks, hashes, times, receipts, logs, balances, nonces and code are the same', async () => {
  const dataDir = await makeDataDir();
  // An hour ago: nothing of the second start may come from its own time.
  const first = await startChain(dataDir, onExit, {
    now: () => Date.now() - 3_600_000,
    monotonicMs: () => 0,
  });
  const { client, account } = await connect(first, dataDir);
  const dcml = await deployDevContracts(client, dataDir);
  await first.increaseTime(100_000);
  const { hash } = await transfer(client, target, 5n);
  const questions: [string, unknown[]][] = [
    ['eth_getBlockByNumber', ['0x0', true]],
    ['eth_getBlockByNumber', ['0x1', true]],
    ['eth_getBlockByNumber', ['latest', true]],
    ['eth_getTransactionReceipt', [hash]],
    ['eth_getTransactionByHash', [hash]],
    ['eth_getLogs', [{ fromBlock: '0x0' }]],
    ['eth_getBalance', [account.address, 'latest']],
    ['eth_getBalance', [target, 'latest']],
    ['eth_getBalance', [target, '0x1']],
    ['eth_getTransactionCount', [account.address, 'latest']],
    ['eth_getCode', [dcml.contracts.channels, 'latest']],
    ['eth_chainId', []],
  ];
  const before = [];
  for (const [method, params] of questions) before.push(await rpc(first.rpcUrl, method, params));
  await first.close();
  await processGone(first.pid);

  const second = await startChain(dataDir);
  const after = [];
  for (const [method, params] of questions) after.push(await rpc(second.rpcUrl, method, params));
  expect(after).toEqual(before);

  // Time goes on from where it was moved to, and never back.
  const moved = await rpc(second.rpcUrl, 'eth_getBlockByNumber', ['latest', false]);
  const again = await connect(second, dataDir);
  await transfer(again.client, target, 5n);
  const newest = await rpc(second.rpcUrl, 'eth_getBlockByNumber', ['latest', false]);
  const seconds = (block: unknown): number => Number((block as { timestamp: string }).timestamp);
  expect(seconds(newest)).toBeGreaterThanOrEqual(seconds(moved));
  expect(seconds(newest) - Date.now() / 1000).toBeGreaterThan(99_000);
  expect(await getCoins(again.client, target)).toBe(10n);
});

it('the contracts are deployed once and remembered; a chain without them is EVM_NO_CONTRACT', async () => {
  const dataDir = await makeDataDir();
  const chain = await startChain(dataDir);
  const { client } = await connect(chain, dataDir);
  const first = await deployDevContracts(client, dataDir);
  const second = await deployDevContracts(client, dataDir);
  expect(second.contracts).toEqual(first.contracts);
  const none = `0x${'00'.repeat(20)}` as typeof target;
  const zero = `0x${'00'.repeat(32)}`;
  const config = {
    ...{ payer: none, payerAuthorizer: none, host: none, owner: none, token: none, enclaveKey: none },
    ...{ model: zero, challenge: zero, closeWindowSeconds: 60 },
    price: {
      ownerPromptPerMTok: 0n,
      ownerCompletionPerMTok: 0n,
      hostPromptPerMTok: 0n,
      hostCompletionPerMTok: 0n,
    },
  } as unknown as Parameters<typeof getChannelId>[1];
  expect(await getChannelId(second, config)).toMatch(/^0x[0-9a-f]{64}$/);

  const otherDir = await makeDataDir();
  const other = await startChain(otherDir);
  const { client: stranger } = await connect(other, otherDir);
  await expect(deployDevContracts(stranger, dataDir)).rejects.toMatchObject({ code: 'EVM_NO_CONTRACT' });
});

it('keys are random, stay the same, and only their owner reads them', async () => {
  const dataDir = await makeDataDir();
  const first = await loadDevAccounts(dataDir, ['a', 'b']);
  const second = await loadDevAccounts(dataDir, ['b', 'c']);
  expect(second.b).toEqual(first.b);
  expect(new Set([first.a.privateKey, first.b.privateKey, second.c.privateKey]).size).toBe(3);
  expect((await stat(join(dataDir, 'dev-accounts.json'))).mode & 0o777).toBe(0o600);
  await writeFile(join(dataDir, 'dev-accounts.json'), '{"a": "0x12"}');
  await expect(loadDevAccounts(dataDir, ['a'])).rejects.toMatchObject({ code: 'DEVNET_CHAIN_STATE' });
});

it('the node itself has no keys: nobody signs by asking', async () => {
  const chain = await startChain(await makeDataDir());
  expect(await rpc(chain.rpcUrl, 'eth_accounts')).toMatchObject({ code: -32601 });
  expect(await rpc(chain.rpcUrl, 'eth_sendTransaction', [{ from: target, to: target }])).toMatchObject({
    code: -32601,
  });
});

it('what a restart would undo is refused', async () => {
  const chain = await startChain(await makeDataDir());
  for (const method of [
    'evm_snapshot',
    'evm_revert',
    'evm_setAutomine',
    'anvil_impersonateAccount',
    'anvil_reset',
    'anvil_loadState',
    'eth_sendUnsignedTransaction',
    'eth_sendRawTransactionSync',
    'evm_unknown',
  ]) {
    expect(await rpc(chain.rpcUrl, method, []), method).toMatchObject({ code: -32601 });
  }
});

it('time methods: increase, next timestamp, mine many; never backwards', async () => {
  const chain = await startChain(await makeDataDir());
  const time = async (): Promise<number> => {
    const block = await rpc(chain.rpcUrl, 'eth_getBlockByNumber', ['latest', false]);
    return Number((block as { timestamp: string }).timestamp);
  };
  const start = await time();
  expect(await rpc(chain.rpcUrl, 'evm_increaseTime', ['0x64'])).toBe(100);
  await rpc(chain.rpcUrl, 'evm_mine');
  expect(await time()).toBeGreaterThanOrEqual(start + 100);
  await rpc(chain.rpcUrl, 'evm_setNextBlockTimestamp', [start + 5000]);
  await rpc(chain.rpcUrl, 'evm_mine');
  expect(await time()).toBe(start + 5000);
  await rpc(chain.rpcUrl, 'evm_mine', [start + 6000]);
  expect(await time()).toBe(start + 6000);
  await rpc(chain.rpcUrl, 'anvil_mine', ['0x3', '0xa']);
  expect(await time()).toBeGreaterThanOrEqual(start + 6020);
  for (const [method, params] of [
    ['evm_setNextBlockTimestamp', [start]],
    ['evm_setNextBlockTimestamp', ['soon']],
    ['evm_mine', [start]],
    ['evm_increaseTime', [-1]],
    ['anvil_mine', [100_000]],
  ] as const) {
    expect(await rpc(chain.rpcUrl, method, params), method).toMatchObject({ code: -32602 });
  }
});

it('a transaction that cannot be mined now is refused, not kept in memory', async () => {
  const dataDir = await makeDataDir();
  const chain = await startChain(dataDir);
  const { client } = await connect(chain, dataDir);
  const request = {
    to: target,
    value: 1n,
    gas: 21_000n,
    gasPrice: 10n ** 10n,
    chainId: chain.chainId,
  } as const;
  const early = await client.account!.signTransaction({ ...request, nonce: 1 });
  expect(await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [early])).toMatchObject({ code: -32000 });
  const first = await client.account!.signTransaction({ ...request, nonce: 0 });
  expect(await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [first])).toMatch(/^0x/);
  expect(await getCoins(client, target)).toBe(1n);
  expect(await rpc(chain.rpcUrl, 'eth_sendRawTransaction', ['0x00'])).toMatchObject({
    code: expect.any(Number),
  });
});

it('batches are answered in order; bad bodies are JSON-RPC errors', async () => {
  const chain = await startChain(await makeDataDir());
  const request = (id: unknown, method: string, params: unknown[] = []): unknown => ({
    jsonrpc: '2.0',
    id,
    method,
    params,
  });
  const batch = [request(1, 'eth_blockNumber'), request('two', 'evm_mine'), 7, request(3, 'eth_blockNumber')];
  expect(await post(chain.rpcUrl, batch)).toEqual([
    { jsonrpc: '2.0', id: 1, result: '0x0' },
    { jsonrpc: '2.0', id: 'two', result: '0x0' },
    { jsonrpc: '2.0', id: null, error: expect.objectContaining({ code: -32600 }) },
    { jsonrpc: '2.0', id: 3, result: '0x1' },
  ]);
  expect(await post(chain.rpcUrl, '{')).toMatchObject({ error: { code: -32700 } });
  for (const body of [
    [],
    {},
    'null',
    request({}, 'eth_chainId'),
    { ...(request(1, 'x') as object), params: {} },
  ]) {
    expect(await post(chain.rpcUrl, body)).toMatchObject({ error: { code: -32600 } });
  }
  // A web page can send plain text across origins without asking; JSON it cannot.
  const plain = await fetch(chain.rpcUrl, { method: 'POST', body: JSON.stringify(batch) });
  expect(plain.status).toBe(415);
  expect((await fetch(chain.rpcUrl)).status).toBe(405);
  const huge = await fetch(chain.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(9 << 20),
  }).catch(() => null);
  expect(huge === null || huge.status === 413).toBe(true);
});

it('a taken port is DEVNET_PORT_TAKEN and leaves no process', async () => {
  const chain = await startChain(await makeDataDir());
  const port = Number(new URL(chain.rpcUrl).port);
  const second = startDevChain({ dataDir: await makeDataDir(), port, signal, onExit });
  await expect(second).rejects.toMatchObject({ code: 'DEVNET_PORT_TAKEN', details: { port } });
});

it('a journal that is broken or of another chain is DEVNET_CHAIN_STATE, and stays as it is', async () => {
  const dataDir = await makeDataDir();
  const path = join(dataDir, 'chain.jsonl');
  for (const text of ['', '{', '{\n', '{}\n', 'null\n']) {
    await writeFile(path, text);
    const start = startDevChain({ dataDir, signal, onExit });
    await expect(start, text).rejects.toMatchObject({ code: 'DEVNET_CHAIN_STATE' });
    expect(await readFile(path, 'utf8')).toBe(text);
  }
  const good = await makeDataDir();
  await (await startChain(good)).close();
  const foreign = startDevChain({ dataDir: good, chainId: 5, signal, onExit });
  await expect(foreign).rejects.toMatchObject({ code: 'DEVNET_CHAIN_STATE' });
});

it('a journal that does not lead to the stored head is DEVNET_CHAIN_START', async () => {
  const dataDir = await makeDataDir();
  const path = join(dataDir, 'chain.jsonl');
  const chain = await startChain(dataDir);
  await chain.increaseTime(1);
  await chain.close();
  const text = await readFile(path, 'utf8');
  const time = /"evm_mine","params":\[(\d+)\]/.exec(text)![1]!;
  await writeFile(path, text.replace(time, String(Number(time) + 1)));
  await expect(startDevChain({ dataDir, signal, onExit })).rejects.toMatchObject({
    code: 'DEVNET_CHAIN_START',
  });
});

it('a last line that a crash cut short is dropped, wherever it was cut', async () => {
  const dataDir = await makeDataDir();
  const path = join(dataDir, 'chain.jsonl');
  const chain = await startChain(dataDir);
  await chain.increaseTime(1);
  await chain.close();
  const before = await readFile(path, 'utf8');
  const line = before.slice(before.lastIndexOf('{"calls"'));
  const kept = before.split('\n').length - 2;
  for (let length = 0; length < line.length; length++) {
    await writeFile(path, before + line.slice(0, length));
    const journal = await openJournal(path, 31337, 0);
    expect(journal.entries).toHaveLength(kept);
    await journal.append({ calls: [], clock: wallTime, head: 'next' });
    await journal.close();
    expect(await readFile(path, 'utf8')).toBe(
      `${before}${JSON.stringify({ calls: [], clock: wallTime, head: 'next' })}\n`,
    );
  }
});

it('a directory that cannot be written is DEVNET_CHAIN_STATE', async () => {
  const dataDir = join(await makeDataDir(), 'file');
  await writeFile(dataDir, '');
  await expect(startDevChain({ dataDir, signal, onExit })).rejects.toMatchObject({
    code: 'DEVNET_CHAIN_STATE',
  });
});

it('a system without anvil is DEVNET_CHAIN_MISSING', async () => {
  const dataDir = await makeDataDir();
  const arch = Object.getOwnPropertyDescriptor(process, 'arch')!;
  Object.defineProperty(process, 'arch', { ...arch, value: 'none' });
  try {
    await expect(startDevChain({ dataDir, signal, onExit })).rejects.toMatchObject({
      code: 'DEVNET_CHAIN_MISSING',
    });
  } finally {
    Object.defineProperty(process, 'arch', arch);
  }
});

it('the signal ends the start, and later the chain', async () => {
  const reason = new Error('stopped');
  const dataDir = await makeDataDir();
  const start = startDevChain({ dataDir, signal: AbortSignal.abort(reason), onExit });
  await expect(start).rejects.toBe(reason);
  const controller = new AbortController();
  const exits: string[] = [];
  const chain = await startDevChain({
    dataDir,
    signal: controller.signal,
    onExit: (why) => exits.push(why),
  });
  controller.abort();
  await processGone(chain.pid);
  await chain.close();
  expect(exits).toEqual([]);
});
