import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DcmlError, isDcmlError, type Random, toHex } from '@dcml/core';
import { TransportError, toUniformRefusal } from '@dcml/transport';
import { describeFailure, type Log } from '../log.ts';
import { encodeErrorBody, toPublicError } from './error-body.ts';
import type { Exchange } from './exchange.ts';
import { openExchange, type SealedBodyKeys } from './open-exchange.ts';
import type { Router } from './router.ts';

export interface ListenerOptions {
  readonly keys: SealedBodyKeys;
  readonly router: Router;
  /** Headers of every answer (aci/1 section 5.2). */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when the enclave stops. */
  readonly stop: AbortSignal;
  readonly random: Random;
  readonly log: Log;
}

/** Turns HTTP requests into exchanges and every failure into an answer; nothing thrown gets past it. */
export function createListener(
  options: ListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const incidentOf = (error: unknown): string => {
    const incident = toHex(options.random.bytes(8));
    if (!isDcmlError(error))
      options.log('error', 'unexpected failure', { incident, ...describeFailure(error) });
    return incident;
  };

  const refusePlain = (response: ServerResponse, error: unknown): void => {
    // A body that could not be opened gets the same answer whatever was wrong with it: no oracle.
    if (error instanceof TransportError || !isDcmlError(error)) {
      incidentOf(error);
      const refusal = toUniformRefusal(error);
      response.writeHead(refusal.status, { ...options.headers, 'content-type': refusal.contentType });
      response.end(refusal.body);
      return;
    }
    response.writeHead(error.httpStatus, { ...options.headers, 'content-type': 'application/json' });
    response.end(encodeErrorBody(error));
  };

  const refuse = (exchange: Exchange, error: DcmlError): void => {
    // An answer under way cannot become an error: it is broken off, so that it never looks complete.
    if (exchange.started) exchange.destroy();
    else {
      const headers = { ...options.headers, ...exchange.refusalHeaders, 'content-type': 'application/json' };
      exchange.send(error.httpStatus, headers, encodeErrorBody(error));
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new DOMException('the client went away', 'AbortError'));
    });
    const signal = AbortSignal.any([gone.signal, options.stop]);
    let exchange: Exchange;
    try {
      exchange = await openExchange(request, response, options.keys, signal);
    } catch (error) {
      if (!response.destroyed) refusePlain(response, error);
      return;
    }
    try {
      await options.router(exchange);
    } catch (error) {
      if (response.destroyed) return;
      refuse(exchange, toPublicError(error, incidentOf(error)));
    }
  };

  return (request, response) => {
    response.on('error', () => {}); // a broken connection is the client's matter; writes report it to their caller
    serve(request, response).catch((error: unknown) => {
      options.log('error', 'listener failed', describeFailure(error));
      response.destroy();
    });
  };
}
