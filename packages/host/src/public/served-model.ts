import type { ModelHash } from '@dcml/core';

/** A model that this host serves and what the host itself takes for it, beside the owner's terms. */
export interface ServedModel {
  readonly model: ModelHash;
  /** Wei per million tokens. */
  readonly hostPromptPerMTok: bigint;
  readonly hostCompletionPerMTok: bigint;
  /** For one channel. */
  readonly maxDepositWei: bigint;
}
