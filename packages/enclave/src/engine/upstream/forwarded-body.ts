import { decodeUtf8, encodeUtf8, type JsonObject, type JsonValue } from '@dcml/core';
import type { EngineRequest } from '../engine.ts';
import { fieldError } from '../engine-error.ts';
import type { UpstreamPlan } from './plan-upstream.ts';

export interface ForwardingOptions {
  /** The name under which the upstream engine knows the model. */
  readonly upstreamModel: string;
  /** Ask for usage in every chunk (`continuous_usage_stats`, which vLLM knows). */
  readonly continuousUsage: boolean;
  /** Secret that keeps prefix caches of tenants apart (`cache_salt`, which vLLM knows); null leaves it out. */
  readonly cacheSalt: string | null;
}

/**
 * The body that goes upstream: the request's own bytes, unless the limit, the usage or the model's name has
 * to be added or changed. Throws `ENGINE_REQUEST` when the limit does not reach for all answers.
 */
export function forwardedBody(
  request: EngineRequest,
  plan: UpstreamPlan,
  forwarding: ForwardingOptions,
): Uint8Array {
  const { json, body } = request;
  const changes: Record<string, JsonValue> = {};
  if (json['model'] !== forwarding.upstreamModel) changes['model'] = forwarding.upstreamModel;
  if (plan.options !== null) {
    if (forwarding.cacheSalt !== null) changes['cache_salt'] = forwarding.cacheSalt;
    Object.assign(changes, limitChange(request, plan), usageChange(plan, json, forwarding.continuousUsage));
  }
  const names = Object.keys(changes);
  if (names.length === 0) return body;
  if (names.some((name) => Object.hasOwn(json, name)))
    return encodeUtf8(JSON.stringify({ ...json, ...changes }));
  // Additions alone leave every byte of the request in place.
  const text = decodeUtf8(body);
  const start = text.indexOf('{') + 1;
  return encodeUtf8(`${text.slice(0, start)}${JSON.stringify(changes).slice(1, -1)},${text.slice(start)}`);
}

function limitChange(request: EngineRequest, plan: UpstreamPlan): JsonObject {
  const share = Math.floor(request.maxCompletionTokens / plan.choices);
  if (share < 1) {
    throw fieldError(
      'ENGINE_REQUEST',
      'n',
      `${request.maxCompletionTokens} tokens do not reach for all answers`,
    );
  }
  const asked = plan.options?.maxTokens ?? null;
  const limit = asked === null ? Math.min(share, Math.max(plan.room, 1)) : Math.min(share, asked);
  const { json } = request;
  const changes: Record<string, JsonValue> = {};
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    if (json[name] !== undefined && json[name] !== null && json[name] !== limit) changes[name] = limit;
  }
  const isNamed = ['max_tokens', 'max_completion_tokens'].some((name) => typeof json[name] === 'number');
  return isNamed ? changes : { max_tokens: limit };
}

function usageChange(plan: UpstreamPlan, json: JsonObject, continuous: boolean): JsonObject {
  if (plan.options?.stream !== true || (plan.options.includeUsage && !continuous)) return {};
  const asked = json['stream_options'];
  const given = asked !== null && typeof asked === 'object' ? (asked as JsonObject) : {};
  return {
    stream_options: {
      ...given,
      include_usage: true,
      ...(continuous ? { continuous_usage_stats: true } : {}),
    },
  };
}
