import { decodeSignedOffer, encodeSignedOffer } from '@dcml/channel';
import { type ChannelId, canonicalizeJson, parseJson } from '@dcml/core';
import type { OfferOutcome, OfferReservation } from './host-store.ts';
import type { Statements } from './statements.ts';

/**
 * The contract compares an offer's end with the block's time, and a block may lag behind the wall clock: an offer
 * holds its bond this much longer than it says.
 */
const BLOCK_TIME_LAG_SECONDS = 120;

/** Bond accounting of offers given. Runs inside the caller's transaction. */
export class OfferTable {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  reserve({ freeBondWei, now, offer }: Omit<OfferReservation, 'config'>): OfferOutcome {
    this.#sql.run('DELETE FROM offers WHERE expires_at <= ?', now - BLOCK_TIME_LAG_SECONDS);
    const row = this.#sql.get('SELECT reserved, offer FROM offers WHERE channel_id = ?', offer.channelId);
    const reservedWei = row === undefined ? 0n : BigInt(String(row['reserved']));
    if (row !== undefined) {
      const known = decodeSignedOffer(parseJson(String(row['offer'])));
      if (known.maxDepositWei === offer.maxDepositWei && known.expiresAt > now)
        return { outcome: 'known', offer: known };
    }
    // An earlier offer for the same channel may still be used, so the larger of the two counts.
    const needsWei = offer.maxDepositWei > reservedWei ? offer.maxDepositWei : reservedWei;
    const outstandingWei = this.#outstandingWei(offer.channelId);
    if (outstandingWei + needsWei > freeBondWei) return { outcome: 'no-bond', outstandingWei };
    this.#sql.run(
      'INSERT OR REPLACE INTO offers VALUES (?, ?, ?, ?)',
      offer.channelId,
      needsWei.toString(),
      canonicalizeJson(encodeSignedOffer(offer)),
      offer.expiresAt,
    );
    return { outcome: 'stored', offer };
  }

  release(id: ChannelId): void {
    this.#sql.run('DELETE FROM offers WHERE channel_id = ?', id);
  }

  #outstandingWei(except: ChannelId): bigint {
    const rows = this.#sql.all('SELECT reserved FROM offers WHERE channel_id <> ?', except);
    return rows.reduce((sum, row) => sum + BigInt(String(row['reserved'])), 0n);
  }
}
