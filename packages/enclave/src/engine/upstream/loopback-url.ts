import { isIPv4, isIPv6 } from 'node:net';
import { EngineError } from '../engine-error.ts';

export interface LoopbackAddress {
  readonly host: string;
  readonly port: number;
  /** Path before `/v1/…`, empty or without a final slash. */
  readonly prefix: string;
}

/**
 * The address of an engine inside the same confidential VM. Only loopback addresses in numbers are
 * accepted: prompts must not leave the VM, and a name could be resolved to anywhere.
 * Throws `ENGINE_CONFIGURATION`.
 */
export function parseLoopbackUrl(text: string): LoopbackAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse('is not a URL');
  }
  if (url.protocol !== 'http:') throw refuse('must begin with http://');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw refuse('must have no user, query or fragment');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLoopback = (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && host === '::1');
  if (!isLoopback) throw refuse('must be a loopback address in numbers, for example http://127.0.0.1:8000');
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  return { host, port: url.port === '' ? 80 : Number(url.port), prefix };
}

function refuse(why: string): EngineError {
  return new EngineError('ENGINE_CONFIGURATION', `upstream base URL ${why}`);
}
