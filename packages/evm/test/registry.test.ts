import { startTestChain, type TestChain } from '@dcml/devnet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  addComposeHash,
  announcePrice,
  getHost,
  getModel,
  listHosts,
  listModels,
  registerHost,
  registerModel,
  removeComposeHash,
  removeHost,
  setModelUri,
  updateHost,
} from '../src/index.ts';
import { modelOf } from './chain-fixtures.ts';

let chain: TestChain;
beforeAll(async () => {
  chain = await startTestChain();
});
afterAll(() => chain?.close());

const price = { promptPerMTok: 10n, completionPerMTok: 20n };
const image = `0x${'11'.repeat(32)}` as const;
const second = `0x${'22'.repeat(32)}` as const;

it('a model is registered, found, changed and priced with notice', async () => {
  const owner = chain.as('owner');
  const model = modelOf('first');
  await registerModel(owner, { model, price, composeHashes: [image], uri: 'https://example.org/first' });
  expect(await getModel(chain.as('stranger'), model)).toEqual({
    model,
    owner: chain.accounts.owner.address,
    price,
    nextPrice: null,
    uri: 'https://example.org/first',
    composeHashes: [image],
  });
  await setModelUri(owner, model, 'https://example.org/moved');
  await addComposeHash(owner, model, second);
  await removeComposeHash(owner, model, image);
  const next = { promptPerMTok: 30n, completionPerMTok: 40n };
  await announcePrice(owner, model, next);
  const pending = await getModel(owner, model);
  expect(pending).toMatchObject({ price, uri: 'https://example.org/moved', composeHashes: [second] });
  expect(pending.nextPrice).toMatchObject(next);
  await chain.increaseTime(86_400);
  expect(await getModel(owner, model)).toMatchObject({ price: next, nextPrice: null });
});

it('models and hosts are listed page by page', async () => {
  const owner = chain.as('owner');
  const names = ['page a', 'page b', 'page c'];
  const before = (await listModels(owner)).length;
  for (const name of names) {
    await registerModel(owner, { model: modelOf(name), price, composeHashes: [], uri: name });
  }
  const uris = async (from: number, limit: number): Promise<string[]> =>
    (await listModels(owner, { from, limit })).map(({ uri }) => uri);
  expect(await uris(before, 100)).toEqual(names);
  expect(await uris(before + 1, 1)).toEqual(['page b']);
  expect(await uris(before + 3, 5)).toEqual([]);
  expect(await uris(before + 99, 5)).toEqual([]);

  const model = modelOf('page a');
  for (const role of ['host', 'stranger', 'payer'] as const) {
    await registerHost(chain.as(role), { model, price, endpoint: `https://${role}.example.org` });
  }
  await updateHost(chain.as('host'), {
    model,
    price: { promptPerMTok: 1n, completionPerMTok: 2n },
    endpoint: 'https://moved.example.org',
  });
  await removeHost(chain.as('stranger'), model);
  expect(await listHosts(owner, model)).toEqual([
    {
      host: chain.accounts.host.address,
      price: { promptPerMTok: 1n, completionPerMTok: 2n },
      endpoint: 'https://moved.example.org',
    },
    { host: chain.accounts.payer.address, price, endpoint: 'https://payer.example.org' },
  ]);
  expect(await getHost(owner, model, chain.accounts.payer.address)).toMatchObject({ price });
  expect(await listHosts(owner, modelOf('unknown'))).toEqual([]);
});

it("the registry's refusals are EVM_REVERTED with its own error's name and arguments", async () => {
  const model = modelOf('refusals');
  await registerModel(chain.as('owner'), { model, price, composeHashes: [], uri: '' });
  const stranger = chain.as('stranger');
  await expect(announcePrice(stranger, model, price)).rejects.toMatchObject({
    code: 'EVM_REVERTED',
    advice: 'fix-input',
    details: { error: 'ModelRegistryNotOwner', args: [model, expect.stringMatching(/^0x/)] },
  });
  await expect(getModel(stranger, modelOf('unknown'))).rejects.toMatchObject({
    details: { error: 'ModelRegistryUnknownModel' },
  });
  await expect(getHost(stranger, model, chain.accounts.host.address)).rejects.toMatchObject({
    details: { error: 'ModelRegistryUnknownHost' },
  });
  await expect(registerModel(stranger, { model, price, composeHashes: [], uri: '' })).rejects.toMatchObject({
    details: { error: 'ModelRegistryModelExists' },
  });
});
