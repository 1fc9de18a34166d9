import {
  type ChannelConfig,
  decodeSignedCloseApproval,
  decodeSignedOffer,
  encodeOfferRequest,
  type SignedCloseApproval,
  type SignedOffer,
} from '@dcml/channel';
import { type ChannelId, canonicalizeJson, type JsonValue } from '@dcml/core';
import { type Collateral, collateralFromJson } from '@dcml/receipt';
import { ClientError } from './client-error.ts';
import { readErrorAnswer } from './error-answer.ts';
import { decodeHostDescription, type HostDescription } from './host-description.ts';
import { parseJsonBytes, readBounded } from './read-bounded.ts';

const MAX_ANSWER_BYTES = 4 << 20;
const DEADLINE_MS = 20_000;

/** What reaching a host takes; a `ClientPlatform` has it. */
export interface HostAccess {
  readonly fetch: typeof fetch;
}

interface HostAnswer {
  readonly status: number;
  readonly value: JsonValue;
}

async function callHost(
  access: HostAccess,
  url: string,
  body: JsonValue | null,
  signal: AbortSignal,
): Promise<HostAnswer> {
  try {
    const response = await access.fetch(url, {
      ...(body === null
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: canonicalizeJson(body) }),
      redirect: 'error',
      credentials: 'omit',
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    });
    const bytes = await readBounded((response.body ?? []) as AsyncIterable<Uint8Array>, MAX_ANSWER_BYTES);
    return { status: response.status, value: parseJsonBytes(bytes, MAX_ANSWER_BYTES) };
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ClientError('CLIENT_CONNECT', `the host did not answer at ${url}`, { cause });
  }
}

function decoded<Value>(url: string, answer: HostAnswer, decode: (value: JsonValue) => Value): Value {
  if (answer.status !== 200) {
    const error = readErrorAnswer(answer.value);
    if (error === null)
      throw new ClientError('CLIENT_HOST_ANSWER', `${url} answered status ${answer.status}`);
    const details = { code: error.code, status: answer.status, advice: error.advice };
    throw new ClientError('CLIENT_HOST_REFUSED', error.message, { details });
  }
  try {
    return decode(answer.value);
  } catch (cause) {
    throw new ClientError('CLIENT_HOST_ANSWER', `${url} answered what it should not`, { cause });
  }
}

/** All functions here throw `CLIENT_CONNECT`, `CLIENT_HOST_ANSWER`, `CLIENT_HOST_REFUSED`. */
export async function getHost(
  access: HostAccess,
  hostUrl: string,
  signal: AbortSignal,
): Promise<HostDescription> {
  const url = `${hostUrl}/v1/host`;
  return decoded(url, await callHost(access, url, null, signal), decodeHostDescription);
}

export async function getCollateral(
  access: HostAccess,
  hostUrl: string,
  signal: AbortSignal,
): Promise<Collateral> {
  const url = `${hostUrl}/v1/host/collateral`;
  return decoded(url, await callHost(access, url, null, signal), collateralFromJson);
}

/** Syntax only; `assertOffer` checks the signature. */
export async function requestOffer(
  access: HostAccess,
  hostUrl: string,
  request: { readonly config: ChannelConfig; readonly depositWei: bigint },
  signal: AbortSignal,
): Promise<SignedOffer> {
  const url = `${hostUrl}/v1/host/offers`;
  const answer = await callHost(access, url, encodeOfferRequest(request), signal);
  return decoded(url, answer, (value) => decodeSignedOffer(value));
}

/** The approval that the enclave left with its host; null when there is none. Syntax only. */
export async function getStoredApproval(
  access: HostAccess,
  hostUrl: string,
  id: ChannelId,
  signal: AbortSignal,
): Promise<SignedCloseApproval | null> {
  const url = `${hostUrl}/v1/host/channels/${id}/approval`;
  const answer = await callHost(access, url, null, signal);
  return answer.status === 404 ? null : decoded(url, answer, (value) => decodeSignedCloseApproval(value));
}
