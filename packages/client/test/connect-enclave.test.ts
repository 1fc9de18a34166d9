import { canonicalizeJson, type JsonObject, parseJson } from '@dcml/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { ChannelAccount } from '../src/channel-account.ts';
import { type ConnectOptions, connectEnclave, verifyEnclave } from '../src/connect-enclave.ts';
import { requestChallenge, requestStatus } from '../src/enclave-calls.ts';
import type { EnclaveResponse } from '../src/enclave-transport.ts';
import { getHost, getStoredApproval, requestOffer } from '../src/host-calls.ts';
import { createMemoryClientStore } from '../src/memory-client-store.ts';
import type { ClientPlatform } from '../src/platform.ts';
import { simulationPolicy } from './fake-enclave.ts';
import { FakeNetwork, HOST_URL, model } from './fake-network.ts';

const signal = AbortSignal.timeout(30_000);
let network: FakeNetwork;
beforeEach(async () => {
  network = await FakeNetwork.start();
});

function options(change: Partial<ConnectOptions> = {}): ConnectOptions {
  const { platform } = network;
  return { hostUrl: `${HOST_URL}/`, model, policy: simulationPolicy, platform, signal, ...change };
}

/** A platform whose enclave answers are changed on the way. */
function altered(change: (response: EnclaveResponse, path: string) => EnclaveResponse): ClientPlatform {
  return {
    ...network.platform,
    openTransport: (transportOptions) => {
      const transport = network.platform.openTransport(transportOptions);
      return { ...transport, send: async (request) => change(await transport.send(request), request.path) };
    },
  };
}

function withReport(edit: (report: JsonObject) => JsonObject): ClientPlatform {
  return altered((response) => ({
    ...response,
    body: (async function* () {
      let text = '';
      for await (const chunk of response.body) text += new TextDecoder().decode(chunk);
      const limits = { maxLength: 1 << 22, maxDepth: 40 };
      yield new TextEncoder().encode(canonicalizeJson(edit(parseJson(text, limits) as JsonObject)));
    })(),
  }));
}

describe('connectEnclave', () => {
  it('passes under a policy that names the root, says SIMULATED, and pins the attested TLS key', async () => {
    const connection = await connectEnclave(options());
    expect(connection.verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(connection.enclaveKey).toBe(network.enclave.address);
    expect(connection.verdict.claims.find((claim) => claim.name === 'tls_key_attested')?.outcome).toBe(
      'pass',
    );
    const first = network.enclave.arrived[0]!;
    await connectEnclave(options());
    const second = network.enclave.arrived[1]!;
    expect(first.path).not.toBe(second.path);
  });

  it('old quote under a new nonce: a report that is played back is refused', async () => {
    const old = network.enclave.report('00'.repeat(32));
    const platform = altered((response) => ({
      ...response,
      body: (async function* () {
        yield new TextEncoder().encode(old);
      })(),
    }));
    const refused = connectEnclave(options({ platform }));
    await expect(refused).rejects.toMatchObject({ code: 'CLIENT_VERDICT', details: { outcome: 'fail' } });
  });

  it('tampered report: a key beside the quote but not in it is refused', async () => {
    const foreign = await FakeNetwork.start();
    const platform = withReport((report) => {
      const attestation = report['attestation'] as JsonObject;
      const keyset = JSON.parse(JSON.stringify(attestation['workload_keyset'])) as Record<string, unknown>;
      keyset['tls_public_keys'] = [{ spki_sha256: foreign.enclave.spki }];
      return { ...report, attestation: { ...attestation, workload_keyset: keyset as JsonObject } };
    });
    await expect(connectEnclave(options({ platform }))).rejects.toMatchObject({ code: 'CLIENT_VERDICT' });
  });

  it('quote of another machine relayed: a TLS key that is not in the keyset is refused', async () => {
    const platform = altered((response) => ({ ...response, peerSpkiSha256: 'ab'.repeat(32) }));
    const verification = await verifyEnclave(options({ platform }));
    expect(verification.verdict).toMatchObject({ outcome: 'fail', established: null });
    await expect(connectEnclave(options({ platform }))).rejects.toMatchObject({ code: 'CLIENT_VERDICT' });
  });

  it('a platform that cannot see the TLS key says so, and sealing protects', async () => {
    const platform = altered((response) => ({ ...response, peerSpkiSha256: null }));
    const { verdict } = await connectEnclave(options({ platform }));
    expect(verdict.claims.find((claim) => claim.name === 'tls_key_attested')).toMatchObject({
      outcome: 'unknown',
    });
  });

  it('simulated evidence shown to a production verifier is refused', async () => {
    const { defaultPolicy } = await import('@dcml/attest');
    const { verdict } = await verifyEnclave(options({ policy: defaultPolicy }));
    expect(verdict).toMatchObject({ outcome: 'fail', simulated: true, established: null });
  });

  it('a model that the measured configuration does not name is refused', async () => {
    const other = `0x${'00'.repeat(31)}01` as typeof model;
    const refused = connectEnclave(options({ model: other, enclaveUrl: 'https://enclave.test' }));
    await expect(refused).rejects.toMatchObject({ code: 'CLIENT_VERDICT' });
    await expect(connectEnclave(options({ model: other }))).rejects.toMatchObject({
      code: 'CLIENT_NO_OFFER',
    });
  });

  it('a keyset without a chain key does not pass, and would be CLIENT_KEYSET', async () => {
    const { clientErrors } = await import('../src/client-error.ts');
    const keyset = network.enclave.keyset;
    const lacking = { ...keyset, e2eePublicKeys: keyset.e2eePublicKeys.slice(0, 1) };
    Object.assign(network.enclave, { keyset: lacking });
    await expect(connectEnclave(options())).rejects.toMatchObject({ code: 'CLIENT_VERDICT' });
    expect(clientErrors.CLIENT_KEYSET.advice).toBe('do-not-trust');
  });

  it('an enclave that answers an error instead of a report is CLIENT_CONNECT', async () => {
    const platform = altered((response) => ({ ...response, status: 503 }));
    await expect(connectEnclave(options({ platform }))).rejects.toMatchObject({ code: 'CLIENT_CONNECT' });
  });
});

describe('host answers', () => {
  const answering = (status: number, body: string): ClientPlatform => ({
    ...network.platform,
    fetch: async () => new Response(body, { status }),
  });
  const refusal = JSON.stringify({
    error: { message: 'no', dcml: { code: 'HOST_OFFER_BOND', advice: 'retry', fix: '', details: {} } },
  });

  it('CLIENT_HOST_ANSWER on anything that the protocol does not allow', async () => {
    for (const [status, body] of [
      [200, '{}'],
      [200, '{"host":"0x00","extra":1}'],
      [500, '{}'],
    ] as const) {
      await expect(getHost(answering(status, body), HOST_URL, signal)).rejects.toMatchObject({
        code: 'CLIENT_HOST_ANSWER',
      });
    }
  });

  it('CLIENT_CONNECT when it is no JSON, too long or nobody', async () => {
    for (const body of ['<html>', `"${'x'.repeat(5 << 20)}"`]) {
      await expect(getHost(answering(200, body), HOST_URL, signal)).rejects.toMatchObject({
        code: 'CLIENT_CONNECT',
      });
    }
    network.hostDown = true;
    await expect(getHost(network.platform, HOST_URL, signal)).rejects.toMatchObject({
      code: 'CLIENT_CONNECT',
    });
  });

  it("CLIENT_HOST_REFUSED carries the host's reason", async () => {
    const store = createMemoryClientStore();
    const { config, depositWei } = await network.openChannel(store, 5n);
    const asking = requestOffer(answering(503, refusal), HOST_URL, { config, depositWei }, signal);
    await expect(asking).rejects.toMatchObject({
      code: 'CLIENT_HOST_REFUSED',
      details: { code: 'HOST_OFFER_BOND', advice: 'retry' },
    });
  });

  it('no stored approval is null', async () => {
    const { channelId } = await network.openChannel(createMemoryClientStore(), 5n);
    expect(await getStoredApproval(network.platform, HOST_URL, channelId, signal)).toBeNull();
  });
});

describe('calls to the enclave', () => {
  it("CLIENT_ENCLAVE_REFUSED carries the enclave's code", async () => {
    const store = createMemoryClientStore();
    const record = await network.openChannel(store, 5n);
    const connection = await network.connect();
    const request = new ChannelAccount(store, network.platform, record).signRequest('status');
    expect((await requestStatus(connection, request, signal)).depositWei).toBe(5n);
    network.enclave.ledgers.clear();
    await expect(requestStatus(connection, request, signal)).rejects.toMatchObject({
      code: 'CLIENT_ENCLAVE_REFUSED',
      details: { code: 'ENCLAVE_CHANNEL_UNKNOWN', status: 402 },
    });
  });

  it('CLIENT_ENCLAVE_ANSWER on a sealed answer that makes no sense', async () => {
    const connection = await network.connect();
    network.enclave.tampering.push({ pieces: () => [] }, { status: 500 });
    for (let i = 0; i < 2; i++) {
      await expect(requestChallenge(connection, signal)).rejects.toMatchObject({
        code: 'CLIENT_ENCLAVE_ANSWER',
      });
    }
  });

  it('a refusal before the body was opened comes from the enclave only on a pinned connection', async () => {
    const plain = { status: 503, body: '{"error":{"message":"busy"}}' };
    const connection = await network.connect();
    network.enclave.tampering.push({ plain });
    await expect(requestChallenge(connection, signal)).rejects.toMatchObject({
      code: 'CLIENT_ENCLAVE_REFUSED',
      details: { status: 503 },
    });
    const blind = altered((response) => ({ ...response, peerSpkiSha256: null }));
    const unpinned = await connectEnclave(options({ platform: blind }));
    network.enclave.tampering.push({ plain });
    await expect(requestChallenge(unpinned, signal)).rejects.toMatchObject({
      code: 'CLIENT_PLAINTEXT',
    });
  });
});
