import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChannelConfig,
  type ChannelDigests,
  createChannelDigests,
  PreparedSigner,
  type Secp256k1,
  type SignedCloseApproval,
  type SignedVoucher,
  signCloseApproval,
  ZERO_ADDRESS,
} from '@dcml/channel';
import { nobleSecp256k1 } from '@dcml/channel/noble';
import {
  type Address,
  asAddress,
  asChallenge,
  asModelHash,
  type Clock,
  type ModelHash,
  toPrefixedHex,
} from '@dcml/core';
import { onTestFinished } from 'vitest';
import type { ChannelEvent, HostChain } from '../src/watch/host-chain.ts';

export const secp: Secp256k1 = nobleSecp256k1;
type Party = 'host' | 'payer' | 'session' | 'enclave' | 'owner';
export const keys: Readonly<Record<Party, Uint8Array>> = {
  host: new Uint8Array(32).fill(1),
  payer: new Uint8Array(32).fill(2),
  session: new Uint8Array(32).fill(3),
  enclave: new Uint8Array(32).fill(4),
  owner: new Uint8Array(32).fill(5),
};
export const model: ModelHash = asModelHash(`0x${'ab'.repeat(32)}`);
const contract: Address = asAddress(`0x${'c0'.repeat(20)}`);
export const digests: ChannelDigests = createChannelDigests({ chainId: 31337, contract });
export const NOW_MS = 1_800_000_000_000;
export const clock: Clock = { now: () => NOW_MS, monotonicMs: () => 0 };

export function makeConfig(change: Partial<ChannelConfig> & { readonly seed?: number } = {}): ChannelConfig {
  const { seed = 1, ...fields } = change;
  return {
    payer: secp.addressOf(keys.payer),
    payerAuthorizer: secp.addressOf(keys.session),
    host: secp.addressOf(keys.host),
    owner: secp.addressOf(keys.owner),
    model,
    token: ZERO_ADDRESS,
    enclaveKey: secp.addressOf(keys.enclave),
    challenge: asChallenge(toPrefixedHex(new Uint8Array(32).fill(seed))),
    price: {
      ownerPromptPerMTok: 100n,
      ownerCompletionPerMTok: 200n,
      hostPromptPerMTok: 10n,
      hostCompletionPerMTok: 20n,
    },
    closeWindowSeconds: 3600,
    ...fields,
  };
}

export function makeVoucher(config: ChannelConfig, maxClaimableWei: bigint): SignedVoucher {
  return new PreparedSigner(digests, secp, keys.session, digests.channelId(config)).voucher(maxClaimableWei);
}

export function makeApproval(config: ChannelConfig, ownerWei: bigint, hostWei: bigint): SignedCloseApproval {
  const channelId = digests.channelId(config);
  const voucher = makeVoucher(config, ownerWei + hostWei);
  return signCloseApproval(digests, (digest) => secp.sign(digest, keys.enclave), {
    channelId,
    charge: { ownerWei, hostWei },
    voucher,
  });
}

/** A chain in memory that a test moves by hand. */
export class FakeChain implements HostChain {
  readonly chainId: number = 31337;
  readonly channelsContract: Address = contract;
  readonly registryContract: Address = asAddress(`0x${'c1'.repeat(20)}`);
  readonly host: Address = secp.addressOf(keys.host);
  freeBondWei: bigint = 1_000n;
  failures: number = 0;
  readonly blocks: ChannelEvent[][] = [[]];
  readonly statuses: Map<string, 'none' | 'open' | 'closing' | 'closed'> = new Map();
  readonly submitted: SignedCloseApproval[] = [];
  /** Called in every `getChannelEvents`. */
  readonly ranges: [bigint, bigint][] = [];

  #mayFail(): void {
    if (this.failures > 0) {
      this.failures--;
      throw new Error('the node is away');
    }
  }
  async getModelTerms(asked: string): ReturnType<HostChain['getModelTerms']> {
    this.#mayFail();
    const terms = {
      owner: secp.addressOf(keys.owner),
      ownerPromptPerMTok: 100n,
      ownerCompletionPerMTok: 200n,
    };
    return asked === model ? terms : null;
  }
  async getFreeBondWei(): Promise<bigint> {
    return this.freeBondWei;
  }
  async getBlockNumber(): Promise<bigint> {
    this.#mayFail();
    return BigInt(this.blocks.length - 1);
  }
  async getChannelEvents(from: bigint, to: bigint): Promise<readonly ChannelEvent[]> {
    this.#mayFail();
    this.ranges.push([from, to]);
    return this.blocks.slice(Number(from), Number(to) + 1).flat();
  }
  async getChannelStatus(id: string): ReturnType<HostChain['getChannelStatus']> {
    return this.statuses.get(id) ?? 'none';
  }
  async closeByApproval(_config: ChannelConfig, approval: SignedCloseApproval): Promise<`0x${string}`> {
    this.#mayFail();
    this.submitted.push(approval);
    this.statuses.set(approval.channelId, 'closed');
    return '0x01';
  }
}

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'dcml-host-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
