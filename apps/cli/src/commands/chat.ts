import { writeFile } from 'node:fs/promises';
import type { ReceiptSummary, Session } from '@dcml/client';
import { decodeUtf8, encodeUtf8, type JsonObject, parseJson } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import { clientOptions, depositOf, depositOption, findTarget } from '../client/client-options.ts';
import { openClient } from '../client/open-client.ts';
import { readDeltas } from '../client/read-deltas.ts';
import type { Command, CommandContext, Output } from '../program/command.ts';
import { formatWei } from '../program/format-amount.ts';
import { formatOutcome } from '../program/format-verdict.ts';
import { parseCount, parseNumber } from '../program/read-option.ts';

const MAX_STDIN_BYTES = 1 << 20;

async function readPrompt({ positionals }: CommandContext): Promise<string> {
  const [given] = positionals;
  if (given !== undefined && given !== '-') return given;
  if (process.stdin.isTTY)
    throw new CliError('CLI_USAGE', 'dcml chat needs a text, or one on standard input');
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > MAX_STDIN_BYTES)
      throw new CliError('CLI_INPUT', 'the text on standard input is too long');
  }
  return text;
}

function requestBody({ strings }: CommandContext, prompt: string, model: string): Uint8Array {
  const system = strings['system'];
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: prompt },
  ];
  const temperature = parseNumber('temperature', strings['temperature'], 0, 2) ?? 0.2;
  const seed = parseCount('seed', strings['seed']);
  return encodeUtf8(
    JSON.stringify({
      model,
      messages,
      max_tokens: parseCount('max-tokens', strings['max-tokens']) ?? 512,
      temperature,
      ...(seed === undefined ? {} : { seed }),
      stream: true,
    }),
  );
}

interface Answer {
  readonly text: string;
  readonly receipt: ReceiptSummary;
}

/** The enclave's own words, if they are in the OpenAI shape of an error. */
function refusalMessage(body: Uint8Array): string {
  try {
    const { error } = parseJson(decodeUtf8(body)) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? `: ${error.message}` : '';
  } catch {
    return '';
  }
}

async function ask(session: Session, body: Uint8Array, output: Output, signal: AbortSignal): Promise<Answer> {
  const answer = await session.send('/v1/chat/completions', body, signal);
  if (answer.kind === 'refused') {
    const { status, code } = answer;
    const why = refusalMessage(answer.body);
    throw new CliError('CLI_REFUSED', `the enclave refused (${status} ${code})${why}`, {
      details: { status, code },
    });
  }
  if (answer.kind === 'buffered') throw new CliError('CLI_REFUSED', 'the enclave did not stream its answer');
  const deltas = readDeltas(answer.body);
  let text = '';
  for (;;) {
    const step = await deltas.next();
    if (step.done === true) return { text, receipt: step.value };
    text += step.value;
    output.write(step.value);
  }
}

export const chat: Command = {
  name: 'chat',
  summary: 'ask a model; the answer streams, verified and paid, with a receipt',
  usage: '[TEXT]',
  arity: [0, 1],
  options: {
    receipt: {
      type: 'string',
      value: 'FILE',
      description: 'keep the receipt for dcml verify',
      flagOnly: true,
    },
    system: { type: 'string', value: 'TEXT', description: 'system message' },
    'max-tokens': { type: 'string', value: 'N', description: 'longest answer (default: 512)' },
    temperature: { type: 'string', value: 'NUMBER', description: 'from 0 to 2 (default 0.2)' },
    seed: { type: 'string', value: 'N', description: 'makes sampling repeatable' },
    ...depositOption,
    ...clientOptions,
  },
  examples: [
    'dcml chat "What is a prime number?"',
    'dcml chat "Write a haiku" --temperature 0.8 --receipt receipt.json',
    'echo "Summarize: …" | dcml chat --json',
  ],
  async run(context) {
    const { output, signal, strings } = context;
    const target = await findTarget(context);
    const prompt = await readPrompt(context);
    const client = await openClient(context);
    try {
      const { exportArchive, openSession } = await import('@dcml/client');
      const autoOpen = { depositWei: depositOf(context) };
      const session = await openSession({ ...client, ...target, autoOpen }, signal);
      try {
        const answer = await ask(session, requestBody(context, prompt, target.model), output, signal);
        const file = strings['receipt'];
        if (file !== undefined) {
          await writeFile(file, await exportArchive(client.store, answer.receipt.receiptId), { mode: 0o600 });
        }
        const { verdict } = await session.status();
        output.result(
          toJson(answer, target.model, verdict, file),
          formatSummary(answer, target.model, formatOutcome(verdict, output), file, output),
        );
        return 0;
      } finally {
        session.close();
      }
    } finally {
      await client.close();
    }
  },
};

function toJson(
  { text, receipt }: Answer,
  model: string,
  verdict: { outcome: string; simulated: boolean },
  file: string | undefined,
): JsonObject {
  const price = receipt.chargedOwnerWei + receipt.chargedHostWei;
  return {
    text,
    model,
    verdict: verdict.outcome,
    simulated: verdict.simulated,
    prompt_tokens: receipt.promptTokens,
    completion_tokens: receipt.completionTokens,
    charged_owner: receipt.chargedOwnerWei.toString(),
    charged_host: receipt.chargedHostWei.toString(),
    charged: price.toString(),
    receipt_id: receipt.receiptId,
    receipt_file: file ?? null,
  };
}

function formatSummary(
  { receipt }: Answer,
  model: string,
  verdict: string,
  file: string | undefined,
  { dim }: Output,
): string {
  const { promptTokens, completionTokens, chargedOwnerWei, chargedHostWei } = receipt;
  const price = formatWei(chargedOwnerWei + chargedHostWei);
  const split = `${formatWei(chargedOwnerWei)} creator, ${formatWei(chargedHostWei)} host`;
  return [
    '',
    '',
    `${dim('model  ')}  ${model}`,
    `${dim('verdict')}  ${verdict}`,
    `${dim('tokens ')}  ${promptTokens} prompt, ${completionTokens} completion`,
    `${dim('price  ')}  ${price} (${split})`,
    `${dim('receipt')}  ${receipt.receiptId}${file === undefined ? '' : `, kept in ${file}`}`,
  ].join('\n');
}
