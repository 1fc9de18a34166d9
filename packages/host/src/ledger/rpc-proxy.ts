import { Fields, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { HostError } from '../host-error.ts';

/** What an enclave may ask a chain node: reading only. */
const METHODS = ['eth_call', 'eth_blockNumber', 'eth_chainId'] as const;

export interface RpcProxyOptions {
  readonly rpcUrl: string;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

function parseRequest(body: JsonValue): JsonObject {
  const fields = new Fields(body, 'rpc');
  fields.oneOf('jsonrpc', ['2.0']);
  const id = fields.required('id');
  if (typeof id !== 'number' && typeof id !== 'string') throw new HostError('HOST_BODY', 'rpc.id: bad type');
  const method = fields.string('method', 64);
  if (!METHODS.some((allowed) => allowed === method)) {
    throw new HostError('HOST_RPC_METHOD', `${method.slice(0, 64)} is not passed on`, {
      details: { allowed: METHODS },
    });
  }
  const params = fields.has('params') ? fields.array('params', 8) : [];
  fields.done();
  return { jsonrpc: '2.0', id, method, params };
}

async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`answer larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Passes one allowed JSON-RPC read to the chain node. Throws `HOST_RPC_METHOD`, `CORE_FIELD` or `HOST_CHAIN`. */
export async function proxyRpc(
  body: JsonValue,
  options: RpcProxyOptions,
  signal: AbortSignal,
): Promise<JsonValue> {
  const request = parseRequest(body);
  try {
    const response = await fetch(options.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
    });
    const text = await readBounded(response, options.maxAnswerBytes);
    return parseJson(text, { maxLength: options.maxAnswerBytes, maxDepth: 16 });
  } catch (cause) {
    throw new HostError('HOST_CHAIN', 'the chain node did not answer', { cause });
  }
}
