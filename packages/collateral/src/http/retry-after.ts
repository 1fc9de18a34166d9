const MAX_WAIT_MS = 24 * 3_600_000;

/**
 * The moment that a Retry-After header names (RFC 9110 section 10.2.3: seconds or a date), at most a day ahead;
 * a minute ahead without a header that can be read.
 */
export function retryAtMs(header: string | undefined, nowMs: number): number {
  const text = header?.trim() ?? '';
  const at = /^\d{1,9}$/.test(text) ? nowMs + Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(at)) return nowMs + 60_000;
  return Math.min(Math.max(at, nowMs), nowMs + MAX_WAIT_MS);
}
