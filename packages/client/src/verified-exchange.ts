import { type DigestText, decodeUtf8, isDcmlError } from '@dcml/core';
import { findEvent, parseReceipt, type Receipt, verifyReceipt } from '@dcml/receipt';
import type { ChannelAccount } from './channel-account.ts';
import { ClientError } from './client-error.ts';
import type { ClientStore } from './client-store.ts';
import type { EnclaveConnection } from './connect-enclave.ts';
import type { CostedRequest } from './request-cost.ts';

/** One paid exchange under way. */
export interface PaidExchange {
  readonly connection: EnclaveConnection;
  /** Of the connection's verification, stored already. */
  readonly evidenceId: string;
  readonly account: ChannelAccount;
  readonly store: ClientStore;
  readonly requestId: number;
  readonly request: CostedRequest;
  readonly keepBodies: boolean;
  readonly receiptsToKeep: number;
}

/** What a verified receipt says, in short. */
export interface ReceiptSummary {
  readonly receiptId: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly chargedOwnerWei: bigint;
  readonly chargedHostWei: bigint;
  readonly simulated: boolean;
}

function distrust(reason: string, cause?: unknown, faults: readonly string[] = []): ClientError {
  const details = { reason, ...(faults.length === 0 ? {} : { faults }) };
  return new ClientError('CLIENT_UNVERIFIED', `the answer does not verify: ${reason}`, { cause, details });
}

/** Turns whatever went wrong with an answer into `CLIENT_CUT`, `CLIENT_UNVERIFIED` or itself. */
export function answerFault(cause: unknown): Error {
  if (cause instanceof ClientError) return cause;
  if (!isDcmlError(cause)) return distrust('it cannot be read', cause);
  // An end without mark and receipt may be a broken connection, so asking again is right; believing it is not.
  if (cause.code === 'TRANSPORT_STREAM_INCOMPLETE') {
    const message = 'the answer ended before its end marker and receipt';
    return new ClientError('CLIENT_CUT', message, { cause, details: { reason: cause.code } });
  }
  return distrust(cause.message, cause);
}

async function checkReceipt(
  exchange: PaidExchange,
  receipt: Receipt,
  responseHash: DigestText,
): Promise<ReceiptSummary> {
  const { connection, account, request } = exchange;
  const { config, domain, channelId } = account.record;
  const { established } = connection;
  const verdict = await verifyReceipt(receipt, {
    keyset: established.keyset,
    requestBody: request.body,
    responseHash,
    expected: {
      model: config.model,
      chainId: domain.chainId,
      contract: domain.contract,
      channelId,
      price: config.price,
      maxAuthorizedWei: (await account.state()).authorizedWei,
      simulated: established.simulated,
    },
  });
  if (verdict.outcome !== 'pass') {
    const faults = verdict.claims
      .filter((claim) => claim.outcome === 'fail' || (claim.outcome === 'unknown' && claim.optional !== true))
      .map((claim) => `${claim.name}: ${claim.reason}`);
    throw distrust('the receipt does not verify', undefined, faults);
  }
  if (receipt.endpoint !== request.endpoint) throw distrust(`the receipt is about ${receipt.endpoint}`);
  const usage = findEvent(receipt, 'dcml.usage');
  const charge = findEvent(receipt, 'dcml.charge');
  if (usage === undefined || charge === undefined) throw distrust('the receipt states no usage or no charge');
  return {
    receiptId: receipt.receiptId,
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    chargedOwnerWei: charge.requestOwnerWei,
    chargedHostWei: charge.requestHostWei,
    simulated: verdict.simulated,
  };
}

/**
 * The end of an exchange: the receipt is verified, booked and kept. Only after this is an answer complete.
 * Throws `CLIENT_UNVERIFIED`, `CLIENT_STORE`.
 */
export async function completeExchange(
  exchange: PaidExchange,
  receiptBytes: Uint8Array,
  response: { readonly hash: DigestText; readonly body: Uint8Array | null },
): Promise<ReceiptSummary> {
  const { account, store, requestId, request } = exchange;
  let receipt: Receipt;
  let summary: ReceiptSummary;
  try {
    receipt = parseReceipt(decodeUtf8(receiptBytes));
    summary = await checkReceipt(exchange, receipt, response.hash);
    await account.settle(requestId, {
      usage: {
        promptTokens: BigInt(summary.promptTokens),
        completionTokens: BigInt(summary.completionTokens),
      },
      charge: { ownerWei: summary.chargedOwnerWei, hostWei: summary.chargedHostWei },
    });
  } catch (cause) {
    throw answerFault(cause);
  }
  await store.putReceipt(
    {
      receiptId: receipt.receiptId,
      channelId: account.record.channelId,
      servedAt: receipt.servedAt,
      evidenceId: exchange.evidenceId,
      receipt: decodeUtf8(receiptBytes),
      requestBody: exchange.keepBodies ? request.body : null,
      responseBody: exchange.keepBodies ? response.body : null,
    },
    exchange.receiptsToKeep,
  );
  return summary;
}
