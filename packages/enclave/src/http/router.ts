import { EnclaveError } from '../enclave-error.ts';
import type { Exchange } from './exchange.ts';

/** Serves one path; `id` is the path's variable part, empty where it has none. */
export type Handler = (exchange: Exchange, id: string) => Promise<void>;

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `{id}` stands for one path segment. */
  readonly path: string;
  readonly handle: Handler;
}

export type Router = (exchange: Exchange) => Promise<void>;

/** Finds the handler of a request. The router throws `ENCLAVE_NOT_FOUND` or `ENCLAVE_METHOD`. */
export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({
    ...route,
    pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replace('{id}', '([A-Za-z0-9_-]{1,128})')}$`),
  }));
  return async (exchange) => {
    const matching = compiled.filter((route) => route.pattern.test(exchange.path));
    if (matching.length === 0) throw new EnclaveError('ENCLAVE_NOT_FOUND', 'there is nothing at this path');
    const route = matching.find((candidate) => candidate.method === exchange.method);
    if (route === undefined)
      throw new EnclaveError('ENCLAVE_METHOD', `${exchange.method} is not served here`);
    await route.handle(exchange, route.pattern.exec(exchange.path)?.[1] ?? '');
  };
}
