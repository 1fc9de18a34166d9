import type { PayerState } from '@dcml/channel';
import type { ChannelId } from '@dcml/core';
import { ClientError } from './client-error.ts';
import type { ChannelChange, ChannelRecord, ClientStore, ReceiptRecord } from './client-store.ts';

/** The rule that every store applies before it keeps an account. Throws `CLIENT_STORE`. */
export function assertAccountChange(before: PayerState, after: PayerState): void {
  if (after.channelId !== before.channelId || after.depositWei !== before.depositWei) {
    throw new ClientError('CLIENT_STORE', 'an account changed its channel or deposit');
  }
  if (after.authorizedWei < before.authorizedWei || after.nextRequestId < before.nextRequestId) {
    throw new ClientError('CLIENT_STORE', 'an account would forget a voucher that was signed');
  }
}

/** Throws `CLIENT_NOT_FOUND`. */
export function assertFound<Value>(value: Value | null | undefined, id: string): Value {
  if (value === null || value === undefined)
    throw new ClientError('CLIENT_NOT_FOUND', `no channel ${id} here`);
  return value;
}

/** Keeps everything in memory: for tests, and for pages that may forget. A deposit forgotten here needs its window. */
class MemoryClientStore implements ClientStore {
  readonly #channels = new Map<ChannelId, ChannelRecord>();
  readonly #accounts = new Map<ChannelId, PayerState>();
  readonly #receipts = new Map<string, ReceiptRecord>();
  readonly #evidence = new Map<string, string>();

  async createChannel(record: ChannelRecord, account: PayerState): Promise<void> {
    if (this.#channels.has(record.channelId))
      throw new ClientError('CLIENT_STORE', 'the channel is there already');
    this.#channels.set(record.channelId, record);
    this.#accounts.set(record.channelId, account);
  }

  async getChannel(id: ChannelId): Promise<ChannelRecord | null> {
    return this.#channels.get(id) ?? null;
  }

  async listChannels(): Promise<readonly ChannelRecord[]> {
    return [...this.#channels.values()];
  }

  async updateChannel(id: ChannelId, change: ChannelChange): Promise<ChannelRecord> {
    const updated = { ...assertFound(this.#channels.get(id), id), ...change };
    this.#channels.set(id, updated);
    return updated;
  }

  async getAccount(id: ChannelId): Promise<PayerState | null> {
    return this.#accounts.get(id) ?? null;
  }

  async changeAccount<Result>(
    id: ChannelId,
    change: (account: PayerState) => { readonly account: PayerState; readonly result: Result },
  ): Promise<Result> {
    const before = assertFound(this.#accounts.get(id), id);
    const { account, result } = change(before);
    assertAccountChange(before, account);
    this.#accounts.set(id, account);
    return result;
  }

  async putReceipt(record: ReceiptRecord, keep: number): Promise<void> {
    this.#receipts.delete(record.receiptId);
    this.#receipts.set(record.receiptId, record);
    for (const id of this.#receipts.keys()) {
      if (this.#receipts.size <= keep) break;
      this.#receipts.delete(id);
    }
  }

  async getReceipt(receiptId: string): Promise<ReceiptRecord | null> {
    return this.#receipts.get(receiptId) ?? null;
  }

  async listReceipts(limit: number): Promise<readonly ReceiptRecord[]> {
    return [...this.#receipts.values()].reverse().slice(0, limit);
  }

  async putEvidence(evidenceId: string, evidence: string): Promise<void> {
    if (!this.#evidence.has(evidenceId)) this.#evidence.set(evidenceId, evidence);
  }

  async getEvidence(evidenceId: string): Promise<string | null> {
    return this.#evidence.get(evidenceId) ?? null;
  }

  async close(): Promise<void> {}
}

export function createMemoryClientStore(): ClientStore {
  return new MemoryClientStore();
}
