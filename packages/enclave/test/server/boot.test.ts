import { once } from 'node:events';
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asAddress, type ModelHash, systemClock, systemRandom } from '@dcml/core';
import { hashModel, tinyModelPath } from '@dcml/model/node';
import { encodeMeasuredConfiguration } from '@dcml/receipt';
import { createSimulatedVendor, startSimulatedGuestAgent } from '@dcml/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EnclaveSettings } from '../../src/settings.ts';
import { startEnclave } from '../../src/start-enclave.ts';

let directory: string;
let model: ModelHash;
let stop: AbortController;
beforeAll(async () => {
  model = (await hashModel(tinyModelPath())).modelHash;
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-boot-'));
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await rm(directory, { recursive: true, force: true });
});

async function measure(models: readonly ModelHash[], engine: 'llama' | 'upstream' = 'llama'): Promise<void> {
  const address = asAddress(`0x${'c0'.repeat(20)}`);
  const dcml = encodeMeasuredConfiguration({
    version: 1,
    chainId: 31337,
    channelsContract: address,
    registryContract: address,
    models,
    chainView: 'operator_asserted',
    engine,
  });
  await startSimulatedGuestAgent({
    socketPath: join(directory, 'agent.sock'),
    vendor: createSimulatedVendor({ random: systemRandom, nowMs: systemClock.now() }),
    appCompose: JSON.stringify({ dcml }),
    signal: stop.signal,
  });
}

function boot(change: Partial<EnclaveSettings> = {}): ReturnType<typeof startEnclave> {
  const settings: EnclaveSettings = {
    address: '127.0.0.1',
    port: 0,
    guestAgentSocket: join(directory, 'agent.sock'),
    ledgerSocket: join(directory, 'ledger.sock'),
    modelPath: tinyModelPath(),
    modelName: 'tiny',
    engine: { kind: 'llama', contextTokens: 256, maxSequences: 1, threads: 1, gpu: false },
    keysetLifetimeSeconds: 3600,
    challengeLifetimeSeconds: 60,
    ...change,
  };
  return startEnclave(settings, {
    clock: systemClock,
    random: systemRandom,
    log: () => {},
    signal: stop.signal,
  });
}

describe('an enclave does not start', () => {
  it('on a model that its measured configuration does not name (adversarial: right image, wrong weights)', async () => {
    await measure([`0x${'11'.repeat(32)}` as ModelHash]);
    await expect(boot()).rejects.toMatchObject({ code: 'ENCLAVE_MODEL_MISMATCH' });
  });

  it('on a model of which one byte of the weights was changed', async () => {
    await measure([model]);
    const modelPath = join(directory, 'model.gguf');
    await copyFile(tinyModelPath(), modelPath);
    const file = await open(modelPath, 'r+');
    const { size } = await file.stat();
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, size - 100);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, size - 100);
    await file.close();
    await expect(boot({ modelPath })).rejects.toMatchObject({ code: 'ENCLAVE_MODEL_MISMATCH' });
  });

  it('without a platform that answers', async () => {
    await expect(boot()).rejects.toMatchObject({ code: 'ENCLAVE_PLATFORM' });
  });

  it('with another engine than was measured, without a model file, or on a taken port', async () => {
    await measure([model]);
    const engine = { kind: 'upstream', baseUrl: 'http://127.0.0.1:1', contextTokens: 10 } as const;
    await expect(boot({ engine })).rejects.toMatchObject({ code: 'ENCLAVE_CONFIG' });
    await expect(boot({ modelPath: join(directory, 'none') })).rejects.toMatchObject({
      code: 'ENCLAVE_CONFIG',
    });
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await expect(boot({ port })).rejects.toMatchObject({ code: 'ENCLAVE_CONFIG' });
    taken.close();
  });

  it('when the host does not take note of it', async () => {
    await measure([model]);
    await expect(boot()).rejects.toMatchObject({ code: 'ENCLAVE_HOST_UNREACHABLE' });
  });
});
