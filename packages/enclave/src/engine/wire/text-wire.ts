import {
  type AnswerHead,
  type AnswerWire,
  finiteLogprob,
  STREAM_END,
  type TokenLogprobs,
  usageJson,
} from './answer-wire.ts';

/** `text_completion` objects of the older completions endpoint. */
export function createTextWire(head: AnswerHead): AnswerWire {
  const opening =
    `{"id":${JSON.stringify(head.id)},"object":"text_completion","created":${head.created}` +
    `,"model":${JSON.stringify(head.model)},"system_fingerprint":${JSON.stringify(head.fingerprint)},"choices":[`;
  const closing = `]${head.includeUsage ? ',"usage":null' : ''}}\n\n`;
  /** Characters already sent, per choice; `text_offset` counts from the start of the answer. */
  const offsets = new Map<number, number>();

  const choice = (
    index: number,
    text: string,
    logprobs: readonly TokenLogprobs[],
    finish: string,
  ): string => {
    const from = offsets.get(index) ?? 0;
    offsets.set(index, from + text.length);
    const probabilities = head.logprobs ? logprobsJson(logprobs, from) : 'null';
    return `{"text":${JSON.stringify(text)},"index":${index},"logprobs":${probabilities},"finish_reason":${finish}}`;
  };

  return {
    event({ index, text, logprobs, finish }) {
      if (text === '' && logprobs.length === 0 && finish === null) return '';
      const reason = finish === null ? 'null' : `"${finish}"`;
      return `data: ${opening}${choice(index, text, logprobs, reason)}${closing}`;
    },
    end(usage) {
      const last = head.includeUsage ? `data: ${opening}],"usage":${usageJson(usage)}}\n\n` : '';
      return `${last}${STREAM_END}`;
    },
    whole(choices, usage) {
      const items = choices.map(({ index, text, logprobs, finish }) =>
        choice(index, text, logprobs, `"${finish}"`),
      );
      return `${opening}${items.join(',')}],"usage":${usageJson(usage)}}`;
    },
  };
}

function logprobsJson(logprobs: readonly TokenLogprobs[], from: number): string {
  let offset = from;
  const offsets = logprobs.map(({ token }) => {
    const at = offset;
    offset += token.length;
    return at;
  });
  return JSON.stringify({
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => finiteLogprob(logprob)),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, finiteLogprob(logprob)])),
    ),
    text_offset: offsets,
  });
}
