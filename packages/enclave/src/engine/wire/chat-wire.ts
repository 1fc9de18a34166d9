import {
  type AnswerHead,
  type AnswerWire,
  type ChoiceUpdate,
  finiteLogprob,
  type LogprobView,
  STREAM_END,
  type TokenLogprobs,
  type ToolCallView,
  usageJson,
} from './answer-wire.ts';

/** `chat.completion` and `chat.completion.chunk` objects. */
export function createChatWire(head: AnswerHead): AnswerWire {
  const common = (object: string): string =>
    `{"id":${JSON.stringify(head.id)},"object":"${object}","created":${head.created},"model":${JSON.stringify(head.model)}` +
    `,"system_fingerprint":${JSON.stringify(head.fingerprint)},"choices":[`;
  const opening = `data: ${common('chat.completion.chunk')}`;
  const closing = `]${head.includeUsage ? ',"usage":null' : ''}}\n\n`;
  // One chunk per token is the hot path: everything but the text is made once.
  const plainEnd = `},"logprobs":null,"finish_reason":null}${closing}`;
  const started = new Set<number>();
  const chunk = (index: number, delta: string, logprobs: string, finish: string): string =>
    `${opening}{"index":${index},"delta":{${delta}},"logprobs":${logprobs},"finish_reason":${finish}}${closing}`;
  const calls = new Map<number, number>();

  const first = (index: number): string => {
    started.add(index);
    return chunk(index, '"role":"assistant","content":"","refusal":null', 'null', 'null');
  };
  const toolDeltas = (update: ChoiceUpdate): string => {
    const from = calls.get(update.index) ?? 0;
    calls.set(update.index, from + update.toolCalls.length);
    const items = update.toolCalls.map((call, i) =>
      JSON.stringify({ index: from + i, ...toolCallObject(call) }),
    );
    return chunk(update.index, `"tool_calls":[${items.join(',')}]`, 'null', 'null');
  };

  return {
    event(update) {
      const { index, text, logprobs, toolCalls, finish } = update;
      let out = started.has(index) ? '' : first(index);
      if (text !== '' && logprobs.length === 0) {
        out += `${opening}{"index":${index},"delta":{"content":${JSON.stringify(text)}${plainEnd}`;
      } else if (text !== '' || logprobs.length > 0) {
        out += chunk(index, `"content":${JSON.stringify(text)}`, logprobsJson(logprobs), 'null');
      }
      if (toolCalls.length > 0) out += toolDeltas(update);
      if (finish !== null) out += chunk(index, '', 'null', `"${finish}"`);
      return out;
    },
    end(usage) {
      return `${head.includeUsage ? `${opening}],"usage":${usageJson(usage)}}\n\n` : ''}${STREAM_END}`;
    },
    whole(choices, usage) {
      const items = choices.map(({ index, text, logprobs, toolCalls, finish }) => {
        const content = toolCalls.length > 0 && text === '' ? 'null' : JSON.stringify(text);
        const tools =
          toolCalls.length === 0 ? '' : `,"tool_calls":${JSON.stringify(toolCalls.map(toolCallObject))}`;
        const message = `{"role":"assistant","content":${content},"refusal":null${tools}}`;
        const probabilities = head.logprobs ? logprobsJson(logprobs) : 'null';
        return `{"index":${index},"message":${message},"logprobs":${probabilities},"finish_reason":"${finish}"}`;
      });
      return `${common('chat.completion')}${items.join(',')}],"usage":${usageJson(usage)}}`;
    },
  };
}

function toolCallObject(call: ToolCallView): object {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } };
}

function logprobsJson(logprobs: readonly TokenLogprobs[]): string {
  const content = logprobs.map((entry) => ({
    ...logprobObject(entry),
    top_logprobs: entry.top.map(logprobObject),
  }));
  return JSON.stringify({ content, refusal: null });
}

function logprobObject(view: LogprobView): object {
  return { token: view.token, logprob: finiteLogprob(view.logprob), bytes: [...view.bytes] };
}
