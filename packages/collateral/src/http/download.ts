import { CollateralError } from '../collateral-error.ts';
import { exchange, type HttpAnswer, type HttpQuestion, type ProxyVariables } from './exchange.ts';
import { retryAtMs } from './retry-after.ts';

/** How to speak to the services; what all requests of a call have in common. */
export interface NetworkOptions {
  /** For each request, the body included; default 20 seconds. */
  readonly timeoutMs?: number;
  /** Default: the environment of the process. Honoured for https by Node 24 and newer. */
  readonly proxy?: ProxyVariables;
}

export interface NetworkContext extends NetworkOptions {
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export type DownloadQuestion = Pick<
  HttpQuestion,
  'url' | 'accept' | 'maxBytes' | 'headers' | 'body' | 'caPem'
>;

/** Statuses by which the services say that they have no such thing; 461 and 462 are a PCCS's own. */
const UNKNOWN: readonly number[] = [400, 404, 410, 461, 462];

function statusError({ url }: DownloadQuestion, answer: HttpAnswer, nowMs: number): CollateralError {
  const { status } = answer;
  const message = `${url.origin}${url.pathname} answered ${status}`;
  const retryAfter = answer.header('retry-after');
  if (status === 429 || (status === 503 && retryAfter !== undefined)) {
    const at = retryAtMs(retryAfter, nowMs);
    return new CollateralError(
      'COLLATERAL_RATE_LIMITED',
      `${message}: not before ${new Date(at).toISOString()}`,
      { details: { status, retry_at_ms: at } },
    );
  }
  const details = { details: { status } };
  if (UNKNOWN.includes(status)) return new CollateralError('COLLATERAL_UNKNOWN', message, details);
  if (status >= 500) return new CollateralError('COLLATERAL_UNREACHABLE', message, details);
  return new CollateralError('COLLATERAL_ANSWER', message, details);
}

/** The answer to one question, which must have status 200. Throws `COLLATERAL_*`; nothing is tried twice. */
export async function download(question: DownloadQuestion, context: NetworkContext): Promise<HttpAnswer> {
  const { nowMs, signal, timeoutMs = 20_000, proxy = process.env } = context;
  const answer = await exchange({ ...question, signal, timeoutMs, proxy });
  if (answer.status !== 200) throw statusError(question, answer, nowMs);
  return answer;
}
