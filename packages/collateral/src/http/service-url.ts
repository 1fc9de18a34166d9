import { CollateralError } from '../collateral-error.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The address of a service: https, or http on this machine. Throws `COLLATERAL_INPUT`. */
export function parseServiceUrl(text: string): URL {
  const refuse = (why: string): never => {
    throw new CollateralError('COLLATERAL_INPUT', `${JSON.stringify(text)}: ${why}`);
  };
  const url = URL.canParse(text) ? new URL(text) : refuse('is not an address');
  const isPlainLoopback = url.protocol === 'http:' && LOOPBACK.test(url.hostname);
  if (url.protocol !== 'https:' && !isPlainLoopback) refuse('expected https (http only on this machine)');
  if (url.username !== '' || url.password !== '') refuse('may carry no credentials');
  if (url.search !== '' || url.hash !== '') refuse('may carry no query');
  return url;
}

/** `base` and a path below it, with a query. */
export function serviceUrl(base: URL, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(`${base.href.replace(/\/$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
