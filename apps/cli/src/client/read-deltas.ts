import { decodeUtf8, parseJson } from '@dcml/core';

const EVENT_END = /\r?\n\r?\n/;

function deltaOf(event: string): string {
  const data = event
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
  if (data === '' || data === '[DONE]') return '';
  const chunk = parseJson(data) as { choices?: readonly { delta?: { content?: unknown } }[] };
  const content = chunk.choices?.[0]?.delta?.content;
  return typeof content === 'string' ? content : '';
}

/**
 * Text of a verified OpenAI chat stream as it comes; returns what the stream's iteration returned at its end.
 * Frames end between bytes of the same character only inside an event, so events are decoded whole.
 */
export async function* readDeltas<End>(frames: AsyncGenerator<Uint8Array, End>): AsyncGenerator<string, End> {
  let pending: Uint8Array = new Uint8Array();
  for (;;) {
    const step = await frames.next();
    if (step.done === true) return step.value;
    pending = Buffer.concat([pending, step.value]);
    const end = Buffer.from(pending).lastIndexOf('\n\n');
    if (end < 0) continue;
    const text = decodeUtf8(pending.subarray(0, end + 2));
    pending = pending.slice(end + 2);
    for (const event of text.split(EVENT_END)) {
      const delta = deltaOf(event);
      if (delta !== '') yield delta;
    }
  }
}
