import type { ChannelConfig, ChannelLedger, SignedCloseApproval } from '@dcml/channel';

/** A channel that this instance serves, and the requests that run on it. */
export class ServedChannel {
  readonly config: ChannelConfig;
  readonly ledger: ChannelLedger;
  /** Aborts what is being generated when the channel closes. */
  readonly closing: AbortController = new AbortController();
  /** Once made, the approval is the channel's last word. */
  approval: SignedCloseApproval | null = null;
  readonly #running = new Set<Promise<void>>();

  constructor(config: ChannelConfig, ledger: ChannelLedger) {
    this.config = config;
    this.ledger = ledger;
  }

  /** Counts a request as in flight until it settles. */
  async track(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Resolves when no request is in flight; to be called after the ledger was closed to new ones. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
