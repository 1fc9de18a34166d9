import type { DatabaseSync } from 'node:sqlite';
import {
  type ChannelConfig,
  decodeChannelConfig,
  decodeSignedCloseApproval,
  encodeChannelConfig,
  encodeSignedCloseApproval,
  type SignedCloseApproval,
  type SignedVoucher,
} from '@dcml/channel';
import {
  asChannelId,
  type ChannelId,
  canonicalizeJson,
  type Hex,
  type JsonValue,
  parseJson,
} from '@dcml/core';
import { GroupCommit } from './group-commit.ts';
import type {
  ApprovalOutcome,
  EnclaveRegistration,
  Evidence,
  HostStore,
  OfferOutcome,
  OfferReservation,
  PendingClose,
  VoucherOutcome,
} from './host-store.ts';
import { OfferTable } from './offer-table.ts';
import { decodeRegistration, encodeRegistration } from './registration-codec.ts';
import { openHostDatabase } from './schema.ts';
import { Statements } from './statements.ts';

/** `HostStore` on one SQLite file: WAL, synchronous=FULL, writes of one event-loop turn in one commit. */
class SqliteHostStore implements HostStore {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #offers: OfferTable;
  readonly #commit: GroupCommit;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#sql = new Statements(database);
    this.#offers = new OfferTable(this.#sql);
    this.#commit = new GroupCommit(database);
  }

  putVoucher(voucher: SignedVoucher, config: ChannelConfig, now: number): Promise<VoucherOutcome> {
    return this.#commit.write(() => {
      const stored = this.getVoucher(voucher.channelId);
      if (stored !== null && voucher.maxClaimableWei < stored.maxClaimableWei) return 'lower';
      if (stored !== null && voucher.maxClaimableWei === stored.maxClaimableWei) {
        if (voucher.signature === stored.signature) return 'known';
        this.#putEvidence('voucher', voucher.channelId, now, {
          max_claimable: voucher.maxClaimableWei.toString(),
          signature: voucher.signature,
        });
        return 'conflict';
      }
      if (stored === null) this.#putConfig(voucher.channelId, config);
      this.#sql.run(
        `INSERT INTO vouchers VALUES (?, ?, ?, ?) ON CONFLICT (channel_id) DO UPDATE SET
         max_claimable = excluded.max_claimable, signature = excluded.signature, stored_at = excluded.stored_at`,
        voucher.channelId,
        voucher.maxClaimableWei.toString(),
        voucher.signature,
        now,
      );
      return 'stored';
    });
  }

  getVoucher(id: ChannelId): SignedVoucher | null {
    const row = this.#sql.get('SELECT max_claimable, signature FROM vouchers WHERE channel_id = ?', id);
    if (row === undefined) return null;
    const signature = String(row['signature']) as Hex;
    return { channelId: id, maxClaimableWei: BigInt(String(row['max_claimable'])), signature };
  }

  putApproval(approval: SignedCloseApproval, config: ChannelConfig, now: number): Promise<ApprovalOutcome> {
    const content = encodeSignedCloseApproval(approval);
    return this.#commit.write(() => {
      const stored = this.getApproval(approval.channelId);
      if (stored !== null) {
        const same =
          stored.charge.ownerWei === approval.charge.ownerWei &&
          stored.charge.hostWei === approval.charge.hostWei;
        if (same) return 'known';
        this.#putEvidence('approval', approval.channelId, now, content);
        return 'conflict';
      }
      this.#putConfig(approval.channelId, config);
      this.#sql.run(
        'INSERT INTO approvals VALUES (?, ?, ?)',
        approval.channelId,
        canonicalizeJson(content),
        now,
      );
      return 'stored';
    });
  }

  getApproval(id: ChannelId): SignedCloseApproval | null {
    const row = this.#sql.get('SELECT approval FROM approvals WHERE channel_id = ?', id);
    return row === undefined ? null : decodeSignedCloseApproval(parseJson(String(row['approval'])));
  }

  getConfig(id: ChannelId): ChannelConfig | null {
    const row = this.#sql.get('SELECT config FROM channels WHERE id = ?', id);
    return row === undefined ? null : decodeChannelConfig(parseJson(String(row['config'])));
  }

  putConfig(id: ChannelId, config: ChannelConfig): Promise<void> {
    return this.#commit.write(() => this.#putConfig(id, config));
  }

  listEvidence(): readonly Evidence[] {
    return this.#sql.all('SELECT * FROM evidence ORDER BY seen_at').map((row) => ({
      kind: row['kind'] === 'voucher' ? 'voucher' : 'approval',
      channelId: asChannelId(String(row['channel_id'])),
      seenAt: Number(row['seen_at']),
      content: String(row['content']),
    }));
  }

  reserveOffer(reservation: OfferReservation): Promise<OfferOutcome> {
    return this.#commit.write(() => {
      const result = this.#offers.reserve(reservation);
      if (result.outcome === 'stored') this.#putConfig(reservation.offer.channelId, reservation.config);
      return result;
    });
  }

  releaseOffer(id: ChannelId): Promise<void> {
    return this.#commit.write(() => this.#offers.release(id));
  }

  registerEnclave(registration: EnclaveRegistration): Promise<void> {
    return this.#commit.write(() => {
      this.#sql.run(
        'INSERT INTO enclaves (boot_id, registration) VALUES (?, ?) ON CONFLICT (boot_id) DO UPDATE SET registration = excluded.registration',
        registration.bootId,
        canonicalizeJson(encodeRegistration(registration)),
      );
    });
  }

  getRunningEnclave(): EnclaveRegistration | null {
    const row = this.#sql.get('SELECT registration FROM enclaves ORDER BY sequence DESC LIMIT 1');
    return row === undefined ? null : decodeRegistration(parseJson(String(row['registration'])));
  }

  getWatchedBlock(): bigint | null {
    const row = this.#sql.get('SELECT block FROM watch WHERE only = 1');
    return row === undefined ? null : BigInt(String(row['block']));
  }

  recordBlock(block: bigint, closes: readonly PendingClose[]): Promise<void> {
    return this.#commit.write(() => {
      for (const close of closes) {
        const sql = 'INSERT INTO closes VALUES (?, ?) ON CONFLICT (channel_id) DO NOTHING';
        this.#sql.run(sql, close.channelId, close.closesAt);
      }
      this.#sql.run(
        'INSERT INTO watch VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET block = excluded.block',
        block.toString(),
      );
    });
  }

  listPendingCloses(): readonly PendingClose[] {
    return this.#sql.all('SELECT * FROM closes ORDER BY closes_at').map((row) => ({
      channelId: asChannelId(String(row['channel_id'])),
      closesAt: Number(row['closes_at']),
    }));
  }

  endClose(id: ChannelId): Promise<void> {
    return this.#commit.write(() => this.#sql.run('DELETE FROM closes WHERE channel_id = ?', id));
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    this.#commit.flush();
    this.#database.close();
  }

  #putConfig(id: ChannelId, config: ChannelConfig): void {
    this.#sql.run(
      'INSERT INTO channels VALUES (?, ?) ON CONFLICT (id) DO NOTHING',
      id,
      canonicalizeJson(encodeChannelConfig(config)),
    );
  }

  #putEvidence(kind: Evidence['kind'], id: ChannelId, now: number, content: JsonValue): void {
    this.#sql.run(
      'INSERT INTO evidence VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      kind,
      id,
      now,
      canonicalizeJson(content),
    );
  }
}

export interface HostStoreOptions {
  /** Upper bound of the file in pages of 4 KiB; what is there already stays. */
  readonly maxPages?: number;
}

/** Opens or creates the store; `:memory:` keeps nothing. Throws `HOST_STORE`. */
export function openHostStore(path: string, options: HostStoreOptions = {}): HostStore {
  return new SqliteHostStore(openHostDatabase(path, options.maxPages ?? null));
}
