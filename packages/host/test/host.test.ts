import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  assertOffer,
  type ChannelConfig,
  decodeSignedCloseApproval,
  decodeSignedOffer,
  encodeChannelConfig,
  encodeOfferRequest,
  encodeSignedCloseApproval,
  encodeVoucherRecord,
} from '@dcml/channel';
import { asAddress, asModelHash, type JsonObject, type JsonValue } from '@dcml/core';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type HostConfig, type RunningHost, startHost } from '../src/host.ts';
import { createJsonLog } from '../src/log.ts';
import { openHostStore } from '../src/store/sqlite-host-store.ts';
import {
  clock,
  digests,
  FakeChain,
  keys,
  makeApproval,
  makeConfig,
  makeVoucher,
  model,
  secp,
  temporaryDirectory,
} from './fixtures.ts';

let directory: string;
let chain: FakeChain;
let logged: string;
let config: HostConfig;

beforeEach(async () => {
  directory = await temporaryDirectory();
  chain = new FakeChain();
  logged = '';
  config = {
    storePath: join(directory, 'host.db'),
    rpcUrl: 'http://127.0.0.1:9',
    hostPrivateKey: keys.host,
    models: [{ model, hostPromptPerMTok: 10n, hostCompletionPerMTok: 20n, maxDepositWei: 600n }],
    closeWindowSeconds: 3600,
    offerLifetimeSeconds: 300,
    listen: { host: '127.0.0.1', port: 0 },
    ledgerSocket: join(directory, 'ledger.sock'),
    relay: { listen: { host: '127.0.0.1', port: 0 }, target: { host: '127.0.0.1', port: 9 } },
    watch: { fromBlock: 0n, pollMs: 5 },
    collateral: async () => ({ tcb_info: '{}' }),
  };
});

async function start(change: Partial<HostConfig> = {}): Promise<RunningHost> {
  const host = await startHost(
    { ...config, ...change },
    {
      chain,
      secp,
      clock,
      log: createJsonLog(
        (line) => {
          logged += line;
        },
        () => clock.now(),
      ),
      signal: new AbortController().signal,
    },
  );
  onTestFinished(() => host.close());
  return host;
}

interface Answer {
  readonly status: number;
  readonly json: JsonValue;
}

/** A request at the ledger port, as the enclave makes it. */
function ledger(path: string, body: JsonValue): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath: config.ledgerSocket, method: 'POST', path }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          json: JSON.parse(Buffer.concat(parts).toString()) as JsonValue,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

async function get(url: string): Promise<Answer> {
  const response = await fetch(url);
  return { status: response.status, json: (await response.json()) as JsonValue };
}

async function post(url: string, body: JsonValue): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as JsonValue };
}

function codeOf({ json }: Answer): string {
  return (json as { error: { dcml: { code: string } } }).error.dcml.code;
}

const registration: JsonObject = {
  tls_spki_sha256: 'aa'.repeat(32),
  keyset_digest: `sha256:${'bb'.repeat(32)}`,
  enclave_key: secp.addressOf(keys.enclave),
  models: [model],
  boot_id: 'boot-1',
};
const offerFor = (wanted: ChannelConfig, depositWei: bigint): JsonObject =>
  encodeOfferRequest({ config: wanted, depositWei });

describe('public API', () => {
  it('describes the host; its enclave appears once it has registered', async () => {
    const { url, relayPort } = await start();
    expect((await get(`${url}/v1/host`)).json).toMatchObject({
      host: chain.host,
      chain_id: 31337,
      enclaves: [],
    });
    expect((await ledger('/v1/ledger/register', registration)).status).toBe(200);
    expect((await get(`${url}/v1/host`)).json).toEqual({
      host: chain.host,
      chain_id: 31337,
      channels_contract: chain.channelsContract,
      registry_contract: chain.registryContract,
      enclaves: [{ url: `https://127.0.0.1:${relayPort}`, models: [model] }],
      close_window_seconds: 3600,
      offers: [
        {
          model,
          price: {
            owner_prompt_per_mtok: '100',
            owner_completion_per_mtok: '200',
            host_prompt_per_mtok: '10',
            host_completion_per_mtok: '20',
          },
          max_deposit: '600',
        },
      ],
    });
    expect((await get(`${url}/healthz`)).json).toEqual({ ok: true });
    expect((await get(`${url}/v1/host/collateral`)).json).toEqual({ tcb_info: '{}' });
  });

  it('signs an offer that the contract would take, the same for the same question', async () => {
    const { url } = await start();
    await ledger('/v1/ledger/register', registration);
    const answer = await post(`${url}/v1/host/offers`, offerFor(makeConfig(), 600n));
    expect(answer.status).toBe(200);
    const offer = decodeSignedOffer(answer.json);
    assertOffer(digests, secp, makeConfig(), offer, clock);
    expect(offer.maxDepositWei).toBe(600n);
    expect(await post(`${url}/v1/host/offers`, offerFor(makeConfig(), 600n))).toEqual(answer);
  });

  it('an offer outlives a restart, and so does the bond that it holds', async () => {
    const first = await start();
    await ledger('/v1/ledger/register', registration);
    await post(`${first.url}/v1/host/offers`, offerFor(makeConfig(), 600n));
    await first.close();
    const { url } = await start();
    const refused = await post(`${url}/v1/host/offers`, offerFor(makeConfig({ seed: 2 }), 600n));
    expect(codeOf(refused)).toBe('HOST_OFFER_BOND');
    expect((await post(`${url}/v1/host/offers`, offerFor(makeConfig({ seed: 2 }), 400n))).status).toBe(200);
  });

  const { price } = makeConfig();
  const refusals: readonly [string, number, ChannelConfig, bigint][] = [
    ['HOST_OFFER_TERMS', 409, makeConfig({ host: asAddress(`0x${'01'.repeat(20)}`) }), 1n],
    ['HOST_OFFER_TERMS', 409, makeConfig({ token: asAddress(`0x${'01'.repeat(20)}`) }), 1n],
    ['HOST_OFFER_TERMS', 409, makeConfig({ closeWindowSeconds: 1 }), 1n],
    ['HOST_OFFER_MODEL', 404, makeConfig({ model: asModelHash(`0x${'01'.repeat(32)}`) }), 1n],
    ['HOST_OFFER_ENCLAVE', 409, makeConfig({ enclaveKey: asAddress(`0x${'01'.repeat(20)}`) }), 1n],
    ['HOST_OFFER_DEPOSIT', 409, makeConfig(), 0n],
    ['HOST_OFFER_DEPOSIT', 409, makeConfig(), 601n],
    ['HOST_OFFER_PRICE', 409, makeConfig({ owner: asAddress(`0x${'01'.repeat(20)}`) }), 1n],
    ['HOST_OFFER_PRICE', 409, makeConfig({ price: { ...price, hostPromptPerMTok: 9n } }), 1n],
    ['HOST_OFFER_PRICE', 409, makeConfig({ price: { ...price, ownerPromptPerMTok: 99n } }), 1n],
  ];
  it.each(refusals)('%s (%i)', async (code, status, wanted, depositWei) => {
    const { url } = await start();
    await ledger('/v1/ledger/register', registration);
    const answer = await post(`${url}/v1/host/offers`, offerFor(wanted, depositWei));
    expect(answer.status).toBe(status);
    expect(codeOf(answer)).toBe(code);
  });

  it('HOST_OFFER_ENCLAVE before any enclave, and for the instance before the running one', async () => {
    const { url } = await start();
    expect(codeOf(await post(`${url}/v1/host/offers`, offerFor(makeConfig(), 1n)))).toBe(
      'HOST_OFFER_ENCLAVE',
    );
    await ledger('/v1/ledger/register', registration);
    const next = { ...registration, boot_id: 'boot-2', enclave_key: `0x${'05'.repeat(20)}` };
    await ledger('/v1/ledger/register', next);
    expect(codeOf(await post(`${url}/v1/host/offers`, offerFor(makeConfig(), 1n)))).toBe(
      'HOST_OFFER_ENCLAVE',
    );
  });

  it('HOST_COLLATERAL when there is none, HOST_NOT_FOUND elsewhere', async () => {
    const { url } = await start({ collateral: async () => null });
    const none = await get(`${url}/v1/host/collateral`);
    expect([none.status, codeOf(none)]).toEqual([503, 'HOST_COLLATERAL']);
    for (const path of [
      '/',
      '/v1/hosts',
      `/v1/host/channels/0x${'00'.repeat(32)}/approval`,
      '/v1/ledger/register',
    ]) {
      const answer = await get(`${url}${path}`);
      expect([answer.status, codeOf(answer)]).toEqual([404, 'HOST_NOT_FOUND']);
    }
  });

  it('lets web pages read it, and answers preflights', async () => {
    const { url } = await start();
    const preflight = await fetch(`${url}/v1/host/offers`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect((await fetch(`${url}/v1/host`)).headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('bad input: malformed JSON, wrong types, huge bodies, unknown fields, slow client', () => {
  it.each([
    ['', 'CORE_JSON'],
    ['{', 'CORE_JSON'],
    ['{"a":1,"a":2}', 'CORE_JSON'],
    ['[]', 'CORE_FIELD'],
    ['null', 'CORE_FIELD'],
    ['{"config":{},"deposit":"1"}', 'CORE_FIELD'],
    [JSON.stringify({ ...offerFor(makeConfig(), 1n), extra: 1 }), 'CORE_FIELD'],
    ['['.repeat(100), 'CORE_JSON_LIMIT'],
  ])('%j', async (body, code) => {
    const { url } = await start();
    const response = await fetch(`${url}/v1/host/offers`, { method: 'POST', body });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(codeOf({ status: 0, json: (await response.json()) as JsonValue })).toBe(code);
  });

  it('HOST_BODY_TOO_LARGE', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/v1/host/offers`, { method: 'POST', body: 'x'.repeat(100_000) });
    expect(response.status).toBe(413);
    expect(codeOf({ status: 0, json: (await response.json()) as JsonValue })).toBe('HOST_BODY_TOO_LARGE');
  });

  it('HOST_BODY: the ledger port takes objects only', async () => {
    await start();
    expect(codeOf(await ledger('/v1/ledger/approvals', 'text'))).toBe('HOST_BODY');
  });

  it('a client that sends half a request and goes away leaves the daemon working', async () => {
    const { url } = await start();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /v1/host/offers HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"conf');
    socket.destroy();
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });
});

describe('ledger port', () => {
  it('only this user may open the socket', async () => {
    await start();
    expect((await stat(config.ledgerSocket)).mode & 0o777).toBe(0o600);
  });

  it('a voucher is on disk before the answer', async () => {
    await start();
    const voucher = makeVoucher(makeConfig(), 42n);
    const answer = await ledger(
      '/v1/ledger/vouchers',
      encodeVoucherRecord({ config: makeConfig(), voucher }),
    );
    expect(answer).toEqual({ status: 200, json: {} });
    const other = openHostStore(config.storePath);
    expect(other.getVoucher(voucher.channelId)).toEqual(voucher);
    await other.close();
  });

  it('voucher lower, equal, replayed: the highest stays', async () => {
    await start();
    for (const amount of [42n, 41n, 42n]) {
      const voucher = makeVoucher(makeConfig(), amount);
      await ledger('/v1/ledger/vouchers', encodeVoucherRecord({ config: makeConfig(), voucher }));
    }
    const other = openHostStore(config.storePath);
    expect(other.getVoucher(digests.channelId(makeConfig()))?.maxClaimableWei).toBe(42n);
    await other.close();
    expect(logged).toContain('voucher_lower');
  });

  it('HOST_CHANNEL_ID: an id that is not of the configuration', async () => {
    await start();
    const voucher = makeVoucher(makeConfig({ seed: 2 }), 1n);
    const answer = await ledger(
      '/v1/ledger/vouchers',
      encodeVoucherRecord({ config: makeConfig(), voucher }),
    );
    expect(codeOf(answer)).toBe('HOST_CHANNEL_ID');
  });

  it('an approval is stored and served; a forged or contradicting one is HOST_APPROVAL', async () => {
    const { url } = await start();
    const approval = makeApproval(makeConfig(), 3n, 2n);
    const send = (changed: typeof approval): Promise<Answer> =>
      ledger('/v1/ledger/approvals', {
        ...encodeSignedCloseApproval(changed),
        config: encodeChannelConfig(makeConfig()),
      });
    const forged = { ...approval, enclaveSignature: approval.voucher!.signature };
    expect(codeOf(await send(forged))).toBe('HOST_APPROVAL');
    expect((await send(approval)).status).toBe(200);
    expect((await send(approval)).status).toBe(200);
    expect(codeOf(await send(makeApproval(makeConfig(), 1n, 1n)))).toBe('HOST_APPROVAL');
    const served = await get(`${url}/v1/host/channels/${approval.channelId}/approval`);
    expect(decodeSignedCloseApproval(served.json)).toEqual(approval);
  });

  it('passes on reads of the chain and nothing else: HOST_RPC_METHOD', async () => {
    const asked: string[] = [];
    const node = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => asked.push(text));
      request.on('end', () => response.end('{"jsonrpc":"2.0","id":1,"result":"0x7a69"}'));
    });
    node.listen(0, '127.0.0.1');
    await once(node, 'listening');
    onTestFinished(() => void node.close());
    await start({ rpcUrl: `http://127.0.0.1:${(node.address() as { port: number }).port}` });
    const rpc = (method: string, more: JsonObject = {}): Promise<Answer> =>
      ledger('/v1/ledger/rpc', { jsonrpc: '2.0', id: 1, method, params: [], ...more });
    expect(await rpc('eth_chainId')).toEqual({
      status: 200,
      json: { jsonrpc: '2.0', id: 1, result: '0x7a69' },
    });
    for (const method of ['eth_sendRawTransaction', 'anvil_setBalance', 'eth_getLogs']) {
      const answer = await rpc(method);
      expect([answer.status, codeOf(answer)]).toEqual([403, 'HOST_RPC_METHOD']);
    }
    expect(codeOf(await ledger('/v1/ledger/rpc', [{ method: 'eth_chainId' }]))).toBe('CORE_FIELD');
    expect(codeOf(await rpc('eth_call', { extra: 1 }))).toBe('CORE_FIELD');
    expect(asked).toHaveLength(1);
  });

  it('HOST_CHAIN when the node is dead or talks nonsense', async () => {
    await start();
    const dead = await ledger('/v1/ledger/rpc', {
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_blockNumber',
      params: [],
    });
    expect([dead.status, codeOf(dead)]).toEqual([502, 'HOST_CHAIN']);
  });
});

describe('start and stop', () => {
  it('HOST_PORT_TAKEN: a second daemon on one socket or port, and what it opened is closed again', async () => {
    await start();
    await expect(start({ storePath: join(directory, 'other.db') })).rejects.toMatchObject({
      code: 'HOST_PORT_TAKEN',
    });
    const { url } = await start({
      storePath: join(directory, 'o.db'),
      ledgerSocket: join(directory, 'o.sock'),
    });
    const port = Number(new URL(url).port);
    const third = { storePath: join(directory, 'p.db'), ledgerSocket: join(directory, 'p.sock') };
    await expect(start({ ...third, listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'HOST_PORT_TAKEN',
    });
    await start(third);
  });

  it('a socket file that a crash left behind is replaced', async () => {
    await writeFile(config.ledgerSocket, '');
    await start();
    expect((await ledger('/v1/ledger/register', registration)).status).toBe(200);
  });

  it('HOST_CONFIG: a key of another account, a window of zero', async () => {
    await expect(start({ hostPrivateKey: keys.payer })).rejects.toMatchObject({ code: 'HOST_CONFIG' });
    await expect(start({ closeWindowSeconds: 0 })).rejects.toMatchObject({ code: 'HOST_CONFIG' });
    await expect(start({ offerLifetimeSeconds: 0 })).rejects.toMatchObject({ code: 'HOST_CONFIG' });
  });

  it('HOST_STORE: a store that cannot be opened', async () => {
    await expect(start({ storePath: '/nonexistent/host.db' })).rejects.toMatchObject({ code: 'HOST_STORE' });
  });

  it('closing twice is one closing; everything is unreachable afterwards', async () => {
    const host = await start();
    await Promise.all([host.close(), host.close()]);
    await expect(fetch(`${host.url}/healthz`)).rejects.toThrow();
    await expect(ledger('/v1/ledger/register', registration)).rejects.toThrow();
  });

  it('logs events without payload', async () => {
    const host = await start();
    const voucher = makeVoucher(makeConfig(), 42n);
    await ledger('/v1/ledger/vouchers', encodeVoucherRecord({ config: makeConfig(), voucher }));
    await host.close();
    expect(logged).toContain('"host_started"');
    expect(logged).not.toContain(voucher.signature.slice(2, 40));
    expect(logged).not.toContain(Buffer.from(keys.host).toString('hex'));
    expect(await readFile(config.storePath)).toBeInstanceOf(Buffer);
  });
});
