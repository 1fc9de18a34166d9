/** Something that answers chat requests with an event stream: the full path, or the engine alone. */
export interface Target {
  readonly name: string;
  /** The stream's bytes as they arrive. Rejects when the request is not answered. */
  stream(body: Uint8Array, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

/** When the tokens of one answer arrived, in milliseconds of one monotonic clock. */
export interface StreamTimes {
  readonly sentMs: number;
  readonly tokensMs: readonly number[];
  readonly endMs: number;
  /** As the server counted them. */
  readonly completionTokens: number;
}

const TOKEN = '"delta":{"content":"';
const USAGE = /"completion_tokens":(\d+)/;

/** Sends one request and notes when each token arrives. Reads as little as possible: measuring must not cost. */
export async function timeStream(
  target: Target,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<StreamTimes> {
  const decoder = new TextDecoder();
  const tokensMs: number[] = [];
  let rest = '';
  let completionTokens = 0;
  const sentMs = performance.now();
  for await (const bytes of await target.stream(body, signal)) {
    const nowMs = performance.now();
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event.includes(TOKEN)) tokensMs.push(nowMs);
      const usage = USAGE.exec(event);
      if (usage !== null) completionTokens = Number(usage[1]);
    }
  }
  return { sentMs, tokensMs, endMs: performance.now(), completionTokens };
}
