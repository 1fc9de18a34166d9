import type { ChannelConfig, SignedCloseApproval, SignedOffer } from '@dcml/channel';
import { asChallenge, asModelHash, type ChannelId, type ModelHash } from '@dcml/core';
import type { TestChain } from '@dcml/devnet';
import { keccak256, toHex } from 'viem';
import { type LocalAccount, privateKeyToAccount } from 'viem/accounts';
import { depositBond, getChannelId, registerHost, registerModel } from '../src/index.ts';

export const ether: bigint = 10n ** 18n;
export const modelOf = (name: string): ModelHash => asModelHash(keccak256(toHex(name)));
const enclave = privateKeyToAccount(`0x${'e1'.repeat(32)}`);
const authorizer = privateKeyToAccount(`0x${'a1'.repeat(32)}`);

/** Registers a model of the owner with the host and gives the host a bond. */
export async function prepareModel(chain: TestChain, name: string): Promise<ModelHash> {
  const model = modelOf(name);
  const price = { promptPerMTok: 10n, completionPerMTok: 20n };
  await registerModel(chain.as('owner'), {
    model,
    price,
    composeHashes: [],
    uri: `https://example.org/${name}`,
  });
  await registerHost(chain.as('host'), { model, price, endpoint: 'https://host.example.org' });
  await depositBond(chain.as('host'), 10n * ether);
  return model;
}

let challenges = 0;

export function configOf(chain: TestChain, model: ModelHash): ChannelConfig {
  challenges++;
  return {
    payer: chain.accounts.payer.address,
    payerAuthorizer: authorizer.address.toLowerCase() as ChannelConfig['payer'],
    host: chain.accounts.host.address,
    owner: chain.accounts.owner.address,
    model,
    token: `0x${'0'.repeat(40)}` as ChannelConfig['token'],
    enclaveKey: enclave.address.toLowerCase() as ChannelConfig['payer'],
    challenge: asChallenge(`0x${challenges.toString(16).padStart(64, '0')}`),
    price: {
      ownerPromptPerMTok: 10n,
      ownerCompletionPerMTok: 20n,
      hostPromptPerMTok: 1n,
      hostCompletionPerMTok: 2n,
    },
    closeWindowSeconds: 600,
  };
}

const fields = {
  Offer: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxDeposit', type: 'uint128' },
    { name: 'expiresAt', type: 'uint64' },
  ],
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxClaimableAmount', type: 'uint128' },
  ],
  CloseApproval: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'chargedOwner', type: 'uint128' },
    { name: 'chargedHost', type: 'uint128' },
  ],
} as const;

function sign(
  chain: TestChain,
  signer: LocalAccount,
  primaryType: keyof typeof fields,
  message: Record<string, unknown>,
): Promise<`0x${string}`> {
  const domain = {
    name: 'dcml InferenceChannels',
    version: '1',
    chainId: chain.chainId,
    verifyingContract: chain.contracts.channels,
  };
  return signer.signTypedData({ domain, types: fields, primaryType, message } as Parameters<
    typeof signer.signTypedData
  >[0]);
}

export async function offerFor(
  chain: TestChain,
  config: ChannelConfig,
  maxDepositWei: bigint,
  expiresAt = 4_000_000_000,
): Promise<SignedOffer> {
  const channelId = await getChannelId(chain.as('stranger'), config);
  const host = privateKeyToAccount(chain.accounts.host.privateKey);
  const message = { channelId, maxDeposit: maxDepositWei, expiresAt: BigInt(expiresAt) };
  return { channelId, maxDepositWei, expiresAt, hostSignature: await sign(chain, host, 'Offer', message) };
}

export async function approvalFor(
  chain: TestChain,
  channelId: ChannelId,
  ownerWei: bigint,
  hostWei: bigint,
): Promise<SignedCloseApproval> {
  const approval = { channelId, chargedOwner: ownerWei, chargedHost: hostWei };
  const maxClaimableWei = ownerWei + hostWei;
  const voucher = { channelId, maxClaimableAmount: maxClaimableWei };
  const charge = { ownerWei, hostWei };
  return {
    channelId,
    charge,
    enclaveSignature: await sign(chain, enclave, 'CloseApproval', approval),
    voucher:
      maxClaimableWei === 0n
        ? null
        : { channelId, maxClaimableWei, signature: await sign(chain, authorizer, 'Voucher', voucher) },
  };
}
