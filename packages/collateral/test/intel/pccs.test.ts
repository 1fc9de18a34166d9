import { createPrivateKey } from 'node:crypto';
import { encodeUtf8 } from '@dcml/core';
import { createSigningKey, toPem, writeCertificate } from '@dcml/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchIntelCollateral, type IntelService } from '../../src/index.ts';
import { type FakeService, startFakeService } from '../fake-service.ts';
import { fakeIntelRoute } from './fake-intel.ts';
import { fmspc, issue, NOW_MS, policy, quote } from './intel-setup.ts';

const collateral = issue();
const route = fakeIntelRoute(() => ({ collateral, fmspc }), 'pccs');

/** A TLS certificate for 127.0.0.1 under its own CA, as a PCCS of one's own has it. */
function makeTls(): { key: string; cert: string; caPem: string } {
  const nowMs = Date.now();
  const validity = { notBeforeMs: nowMs - 3_600_000, notAfterMs: nowMs + 3_600_000 };
  const [caKey, key] = [createSigningKey('ecdsa-sha256'), createSigningKey('ecdsa-sha256')];
  const name = { subject: 'PCCS CA', issuer: 'PCCS CA' };
  const ca = writeCertificate(
    { serial: Uint8Array.of(1), ...name, ...validity, pathLength: 0 },
    caKey,
    caKey,
  );
  // subjectAltName (RFC 5280 section 4.2.1.6): one iPAddress.
  const altName = { oid: '2.5.29.17', value: Uint8Array.of(0x30, 6, 0x87, 4, 127, 0, 0, 1) };
  const leaf = writeCertificate(
    { serial: Uint8Array.of(2), subject: 'PCCS', issuer: 'PCCS CA', ...validity, extraExtensions: [altName] },
    key,
    caKey,
  );
  const pem = createPrivateKey(key.signer.export({ type: 'pkcs8', format: 'pem' })).export({
    type: 'pkcs8',
    format: 'pem',
  });
  return { key: pem.toString(), cert: toPem(leaf), caPem: toPem(ca) };
}

const tls = makeTls();
let plain: FakeService;
let secure: FakeService;
beforeAll(async () => {
  plain = await startFakeService(route);
  secure = await startFakeService(route, tls);
});
afterAll(async () => {
  await plain.close();
  await secure.close();
});

const fetchFrom = (service: IntelService): ReturnType<typeof fetchIntelCollateral> =>
  fetchIntelCollateral(quote, {
    policy,
    nowMs: NOW_MS,
    signal: new AbortController().signal,
    service,
    timeoutMs: 5000,
    proxy: {},
  });

describe('PCCS', () => {
  it('answers by the same paths, the root CRL in hex', async () => {
    expect((await fetchFrom({ kind: 'pccs', url: plain.url })).collateral).toEqual(collateral);
    expect(plain.asked).toContain('GET /sgx/certification/v4/rootcacrl');
  });

  it('may be named with the path of the API', async () => {
    for (const path of ['/sgx/certification/v4', '/sgx/certification/v4/']) {
      expect((await fetchFrom({ kind: 'pccs', url: plain.url + path })).collateral).toEqual(collateral);
    }
  });

  it('may have a TLS certificate of its own, given its CA, and only then', async () => {
    expect((await fetchFrom({ kind: 'pccs', url: secure.url, caPem: tls.caPem })).collateral).toEqual(
      collateral,
    );
    const unknown = fetchFrom({ kind: 'pccs', url: secure.url });
    await expect(unknown).rejects.toMatchObject({ code: 'COLLATERAL_UNREACHABLE' });
    const wrong = fetchFrom({ kind: 'pccs', url: secure.url, caPem: makeTls().caPem });
    await expect(wrong).rejects.toMatchObject({ code: 'COLLATERAL_UNREACHABLE' });
    const broken = fetchFrom({ kind: 'pccs', url: secure.url, caPem: 'no PEM' });
    await expect(broken).rejects.toMatchObject({ code: 'COLLATERAL_UNREACHABLE' });
  });

  it('cannot be any address', async () => {
    for (const url of ['http://pccs.example', 'pccs']) {
      await expect(fetchFrom({ kind: 'pccs', url })).rejects.toMatchObject({ code: 'COLLATERAL_INPUT' });
    }
  });

  it('gives hex for both CRLs in some versions', async () => {
    plain.fault = ({ url }) =>
      url.pathname.endsWith('/pckcrl')
        ? {
            headers: { 'SGX-PCK-CRL-Issuer-Chain': encodeURIComponent(collateral.pckCrlIssuerChainPem) },
            body: encodeUtf8(`${collateral.pckCrlHex}\n`),
          }
        : undefined;
    expect((await fetchFrom({ kind: 'pccs', url: plain.url })).collateral).toEqual(collateral);
  });
});
