import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPolicy, encodeIntelCollateral, encodePolicy, type IntelCollateral } from '@dcml/attest';
import { Fields, type JsonObject, parseJson, systemClock, systemRandom } from '@dcml/core';
import {
  createSimulatedVendor,
  issueSimulatedCollateral,
  signSimulatedQuote,
  simulatedChainPem,
} from '@dcml/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHostCollateral } from '../src/commands/host/open-host-collateral.ts';
import { parseHostCollateral } from '../src/settings/host-collateral-settings.ts';

const parse = (settings: JsonObject): ReturnType<typeof parseHostCollateral> =>
  parseHostCollateral(new Fields(parseJson(JSON.stringify(settings)), 'settings'));

describe('collateral in the settings of a host', () => {
  const pccs = { source: 'pccs', url: 'https://pccs.example:8081', cache_directory: '/c', quote_file: '/q' };

  it('is a file, by its short form too, or nothing', () => {
    expect(parse({})).toBeNull();
    expect(parse({ collateral_file: '/f' })).toEqual({ source: 'file', file: '/f' });
    expect(parse({ collateral: { source: 'file', file: '/f' } })).toEqual({ source: 'file', file: '/f' });
  });

  it("is Intel's service or a PCCS, with a cache", () => {
    const platform = { fmspc: '90c06f000000' };
    expect(parse({ collateral: { source: 'intel-pcs', cache_directory: '/c', platform } })).toEqual({
      source: 'intel-pcs',
      url: null,
      caFile: null,
      cacheDirectory: '/c',
      platform: { tee: 'tdx', fmspc: '90c06f000000', ca: 'platform' },
      update: 'standard',
      refreshSeconds: 86_400,
      policyFile: null,
    });
    expect(
      parse({ collateral: { ...pccs, ca_file: '/ca', update: 'early', refresh_seconds: 3600 } }),
    ).toMatchObject({
      source: 'pccs',
      caFile: '/ca',
      platform: { quoteFile: '/q' },
      update: 'early',
      refreshSeconds: 3600,
    });
  });

  it('CORE_FIELD: is refused where it says too little, too much or nonsense', () => {
    const { url: _url, ...noUrl } = pccs;
    const { quote_file: _quote, ...noQuote } = pccs;
    const { cache_directory: _cache, ...noCache } = pccs;
    const bad: readonly JsonObject[] = [
      { collateral_file: '/f', collateral: pccs },
      { collateral: noUrl },
      { collateral: noQuote },
      { collateral: noCache },
      { collateral: { ...pccs, source: 'ftp' } },
      { collateral: { ...pccs, platform: { fmspc: '90c06f000000' } } },
      { collateral: { ...noQuote, platform: { fmspc: '90C06F000000' } } },
      { collateral: { ...noQuote, platform: { fmspc: '90c06f000000', tee: 'snp' } } },
      { collateral: { ...pccs, refresh_seconds: 1 } },
      { collateral: { ...pccs, update: 'late' } },
      { collateral: { ...pccs, colour: 'blue' } },
      { collateral: { source: 'intel-pcs', ca_file: '/x', cache_directory: '/c', quote_file: '/q' } },
    ];
    for (const settings of bad) {
      expect(() => parse(settings), JSON.stringify(settings)).toThrow(
        expect.objectContaining({ code: 'CORE_FIELD' }),
      );
    }
  });
});

describe('a host with a PCCS', () => {
  const nowMs = Date.now();
  const vendor = createSimulatedVendor({ random: systemRandom, nowMs });
  const collateral = issueSimulatedCollateral(vendor);
  const directory = mkdtempSync(join(tmpdir(), 'dcml-host-collateral-'));
  const file = (name: string): string => join(directory, name);
  let server: Server;
  let url = '';
  let isDown = false;
  let asked = 0;

  const answers: Readonly<
    Record<string, (c: IntelCollateral) => readonly [header: string, chain: string, body: string]>
  > = {
    '/sgx/certification/v4/rootcacrl': (c) => ['x-none', '', c.rootCaCrlHex],
    '/sgx/certification/v4/pckcrl': (c) => ['sgx-pck-crl-issuer-chain', c.pckCrlIssuerChainPem, c.pckCrlHex],
    '/tdx/certification/v4/tcb': (c) => [
      'tcb-info-issuer-chain',
      c.tcbInfoIssuerChainPem,
      `{"tcbInfo":${c.tcbInfo},"signature":"${c.tcbInfoSignatureHex}"}`,
    ],
    '/tdx/certification/v4/qe/identity': (c) => [
      'sgx-enclave-identity-issuer-chain',
      c.qeIdentityIssuerChainPem,
      `{"enclaveIdentity":${c.qeIdentity},"signature":"${c.qeIdentitySignatureHex}"}`,
    ],
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked += 1;
      const answer = answers[new URL(request.url ?? '/', 'http://pccs').pathname];
      if (answer === undefined || isDown) {
        response.writeHead(503).end();
        return;
      }
      const [header, chain, body] = answer(collateral);
      response.writeHead(200, { [header]: encodeURIComponent(chain) }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const root = {
      name: 'simulated',
      kind: 'intel',
      certificatePem: simulatedChainPem(vendor, 'root'),
    } as const;
    writeFileSync(file('policy.json'), encodePolicy({ ...defaultPolicy, roots: [root] }));
    writeFileSync(file('quote.bin'), signSimulatedQuote(vendor));
    writeFileSync(file('collateral.json'), JSON.stringify(encodeIntelCollateral(collateral)));
  });
  afterAll(() => {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const settings = (special: JsonObject = {}): JsonObject => ({
    collateral: {
      source: 'pccs',
      url,
      cache_directory: file('cache'),
      quote_file: file('quote.bin'),
      policy_file: file('policy.json'),
      ...special,
    },
  });
  const open = (json: JsonObject, events: string[] = []): ReturnType<typeof openHostCollateral> =>
    openHostCollateral(parse(json), systemClock, (_level, event) => events.push(event));
  const signal = new AbortController().signal;

  it('serves what the service published, and still does when it is gone and the host restarted', async () => {
    const read = await open(settings());
    const answersNow = await Promise.all([read(signal), read(signal), read(signal)]);
    expect(answersNow).toEqual(Array.from({ length: 3 }, () => encodeIntelCollateral(collateral)));
    expect(asked).toBe(4);
    isDown = true;
    const restarted = await open(settings());
    expect(await restarted(signal)).toEqual(encodeIntelCollateral(collateral));
    expect(asked).toBe(4);
  });

  it('says why in the log and not to clients when there is none, and does not ask for each of them', async () => {
    isDown = true;
    asked = 0;
    const events: string[] = [];
    const read = await open(settings({ cache_directory: file('empty') }), events);
    for (let i = 0; i < 3; i++) {
      expect(await read(signal)).toBeNull();
    }
    expect(events).toEqual(['collateral_fetch_failed']);
    expect(asked).toBe(1);
  });

  it('serves a file, or nothing', async () => {
    const read = await open({ collateral_file: file('collateral.json') });
    expect(await read(signal)).toEqual(encodeIntelCollateral(collateral));
    expect(await (await open({}))(signal)).toBeNull();
  });

  it('does not start with files that are not there or no quote', async () => {
    await expect(open(settings({ quote_file: file('none') }))).rejects.toMatchObject({ code: 'CLI_INPUT' });
    await expect(open(settings({ ca_file: file('none') }))).rejects.toMatchObject({ code: 'CLI_INPUT' });
    await expect(open(settings({ quote_file: file('policy.json') }))).rejects.toMatchObject({
      code: 'COLLATERAL_INPUT',
    });
  });
});
