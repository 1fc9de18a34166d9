import type { JsonObject } from '@dcml/core';
import type { SessionStatus } from '../../session-options.ts';

/** `GET /dcml/status` (docs/guide/client.md). */
export function encodeSessionStatus(status: SessionStatus): JsonObject {
  const { channel, verdict } = status;
  return {
    outcome: status.outcome,
    simulated: status.simulated,
    claims: verdict.claims.map(({ name, outcome, source, reason, optional }) => ({
      name,
      outcome,
      source,
      reason,
      optional: optional === true,
    })),
    verified_at: status.verifiedAt,
    host_url: status.hostUrl,
    enclave_url: status.enclaveUrl,
    model: status.model,
    keyset_digest: status.keysetDigest,
    channel:
      channel === null
        ? null
        : {
            channel_id: channel.channelId,
            phase: channel.phase,
            deposit: channel.depositWei.toString(),
            authorized: channel.authorizedWei.toString(),
            charged: channel.chargedWei.toString(),
            prompt_tokens: Number(channel.promptTokens),
            completion_tokens: Number(channel.completionTokens),
          },
  };
}
