/** JSON-RPC 2.0, as much as an EVM node's HTTP endpoint uses. */
export interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: string | number | null;
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface RpcFailure {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type RpcOutcome = { readonly result: unknown } | { readonly error: RpcFailure };
export type RpcResponse = RpcOutcome & { readonly jsonrpc: '2.0'; readonly id: RpcRequest['id'] };

export const rpcErrors: Readonly<Record<'parse' | 'invalid' | 'internal', RpcFailure>> = {
  parse: { code: -32700, message: 'not JSON' },
  invalid: { code: -32600, message: 'not a JSON-RPC 2.0 request' },
  internal: { code: -32603, message: 'the chain behind this endpoint failed' },
};

/** A request, or null when the value is not one. Notifications are not served: a chain client always wants an answer. */
export function readRequest(value: unknown): RpcRequest | null {
  if (typeof value !== 'object' || value === null) return null;
  const { jsonrpc, id, method, params = [] } = value as Record<string, unknown>;
  const hasId = typeof id === 'string' || typeof id === 'number' || id === null;
  if (jsonrpc !== '2.0' || !hasId || typeof method !== 'string' || !Array.isArray(params)) return null;
  return { jsonrpc, id, method, params };
}

/** Calls one method of a node. Rejects when the node cannot be reached or does not answer in JSON-RPC. */
export type RpcCall = (method: string, params: readonly unknown[]) => Promise<RpcOutcome>;

/** Methods of the node at `url`, each within `timeoutMs`. */
export function createRpcCall(url: string, timeoutMs: number): RpcCall {
  return async (method, params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as { result?: unknown; error?: RpcFailure };
    return answer.error === undefined ? { result: answer.result } : { error: answer.error };
  };
}

/** The result, or an exception with the node's message. */
export function resultOf(outcome: RpcOutcome): unknown {
  if ('error' in outcome) throw new Error(outcome.error.message);
  return outcome.result;
}
