import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newPayerState } from '@dcml/channel';
import { type ClientStoreBackend, clientStoreConformance, sampleChannel } from '@dcml/testing/client-store';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryClientStore } from '../src/memory-client-store.ts';
import { openSqliteClientStore } from '../src/node/sqlite-client-store.ts';

async function temporaryFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dcml-client-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'client.db');
}

const backends: readonly [string, () => Promise<ClientStoreBackend>][] = [
  ['memory', async () => ({ open: async () => createMemoryClientStore(), reopen: null })],
  [
    'sqlite',
    async () => {
      const path = await temporaryFile();
      const open = async (): Promise<ReturnType<typeof openSqliteClientStore>> => openSqliteClientStore(path);
      return { open, reopen: open };
    },
  ],
];

describe.each(backends)('ClientStore on %s', (_name, createBackend) => {
  it.each(clientStoreConformance)('$name', async (conformance) => {
    await conformance.run(await createBackend());
  });
});

describe('sqlite', () => {
  it("the file with the session keys is its owner's only", async () => {
    const path = await temporaryFile();
    const store = openSqliteClientStore(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('CLIENT_STORE_FULL: a full disk signs nothing, loses nothing and heals', async () => {
    const path = await temporaryFile();
    const channel = sampleChannel(1);
    const store = openSqliteClientStore(path);
    await store.createChannel(channel, newPayerState(channel.channelId, channel.depositWei));
    await store.close();
    const full = openSqliteClientStore(path, { maxPages: 1 });
    const big = sampleChannel(2);
    const large = { ...big, hostUrl: `http://host.test/${'x'.repeat(4000)}` };
    await expect(full.createChannel(large, newPayerState(big.channelId, 1n))).rejects.toMatchObject({
      code: 'CLIENT_STORE_FULL',
    });
    expect(await full.listChannels()).toHaveLength(1);
    await full.close();
    const healed = openSqliteClientStore(path);
    await healed.createChannel(big, newPayerState(big.channelId, 1n));
    await healed.close();
  });

  it('two processes of one store order each other: no change is lost', async () => {
    const path = await temporaryFile();
    const channel = sampleChannel(1);
    const store = openSqliteClientStore(path);
    await store.createChannel(channel, newPayerState(channel.channelId, channel.depositWei));
    const script = `
      import { openSqliteClientStore } from ${JSON.stringify(new URL('../src/node/sqlite-client-store.ts', import.meta.url).href)};
      const store = openSqliteClientStore(${JSON.stringify(path)});
      for (let i = 0; i < 100; i++) {
        await store.changeAccount(${JSON.stringify(channel.channelId)}, (account) => ({
          account: { ...account, authorizedWei: account.authorizedWei + 1n },
          result: null,
        }));
      }
      await store.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    const exited = once(child, 'exit');
    for (let i = 0; i < 100; i++) {
      await store.changeAccount(channel.channelId, (account) => ({
        account: { ...account, authorizedWei: account.authorizedWei + 1n },
        result: null,
      }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await exited).toEqual([0, null]);
    expect((await store.getAccount(channel.channelId))?.authorizedWei).toBe(200n);
    await store.close();
  });

  it('kill -9 between two changes: what resolved is there, whole', async () => {
    const path = await temporaryFile();
    const channel = sampleChannel(1);
    const script = `
      import { newPayerState } from '@dcml/channel';
      import { openSqliteClientStore } from ${JSON.stringify(new URL('../src/node/sqlite-client-store.ts', import.meta.url).href)};
      import { sampleChannel } from '@dcml/testing/client-store';
      const store = openSqliteClientStore(${JSON.stringify(path)});
      const channel = sampleChannel(1);
      await store.createChannel(channel, newPayerState(channel.channelId, channel.depositWei));
      for (let i = 1n; ; i++) {
        await store.changeAccount(channel.channelId, (account) => ({ account: { ...account, authorizedWei: i }, result: null }));
        process.stdout.write(i + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: new URL('..', import.meta.url),
    });
    let said = 0n;
    let pending = '';
    for await (const chunk of child.stdout) {
      const lines = (pending + String(chunk)).split('\n');
      pending = lines.pop() ?? '';
      const last = lines.at(-1);
      if (last !== undefined) said = BigInt(last);
      if (said > 200n) child.kill('SIGKILL');
    }
    const store = openSqliteClientStore(path);
    const kept = (await store.getAccount(channel.channelId))?.authorizedWei ?? 0n;
    expect(kept).toBeGreaterThanOrEqual(said);
    await store.close();
  });

  it('CLIENT_STORE: refuses a file of another version, a damaged record and a path that is none', async () => {
    const path = await temporaryFile();
    const channel = sampleChannel(1);
    const store = openSqliteClientStore(path);
    await store.createChannel(channel, newPayerState(channel.channelId, channel.depositWei));
    await store.close();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE channels SET account = '{"authorized":"1"}'`);
    const damaged = openSqliteClientStore(path);
    await expect(damaged.getAccount(channel.channelId)).rejects.toMatchObject({ code: 'CORE_FIELD' });
    await damaged.close();
    database.exec('PRAGMA user_version = 99');
    database.close();
    const fails = (at: string): void => {
      expect(() => openSqliteClientStore(at)).toThrow(expect.objectContaining({ code: 'CLIENT_STORE' }));
    };
    fails(path);
    fails('/nonexistent/client.db');
  });
});
