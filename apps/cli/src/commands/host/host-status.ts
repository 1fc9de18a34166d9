import { Fields, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../program/command.ts';
import { formatWei } from '../../program/format-amount.ts';
import { findHostUrl } from '../network/find-host.ts';

const TIMEOUT_MS = 10_000;

async function fetchHost(url: string, signal: AbortSignal): Promise<JsonValue> {
  const endpoint = new URL('/v1/host', url);
  try {
    const answer = await fetch(endpoint, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!answer.ok) throw new CliError('CLI_INPUT', `${endpoint.href} answered ${answer.status}`);
    return parseJson(await answer.text());
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof CliError) throw cause;
    throw new CliError('CLI_UNREACHABLE', `${endpoint.href} gives no answer that can be read`, { cause });
  }
}

function describeOffer(value: JsonValue): string {
  const offer = new Fields(value, 'offer');
  const price = offer.object('price');
  const prompt = price.decimal('owner_prompt_per_mtok') + price.decimal('host_prompt_per_mtok');
  const completion = price.decimal('owner_completion_per_mtok') + price.decimal('host_completion_per_mtok');
  return [
    `  model  ${offer.string('model')}`,
    `         ${formatWei(prompt)} per million prompt tokens, ${formatWei(completion)} per million completion tokens`,
    `         channels up to ${formatWei(offer.decimal('max_deposit'))}`,
  ].join('\n');
}

export const hostStatus: Command = {
  name: 'host status',
  summary: 'show what a host offers and which enclaves it runs',
  usage: '',
  arity: [0, 0],
  options: {
    'host-url': { type: 'string', value: 'URL', description: 'the host (default: the one of dcml up)' },
  },
  examples: ['dcml host status', 'dcml host status --host-url https://host.example --json'],
  async run(context) {
    const url = await findHostUrl(context);
    const value = await fetchHost(url, context.signal);
    const fields = new Fields(value, 'host');
    const enclaves = fields.array('enclaves').map((entry) => new Fields(entry, 'enclave').string('url'));
    const offers = fields.array('offers');
    const lines = [
      `host      ${fields.string('host')}  ${url}`,
      `chain     ${fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER)}`,
      `channels  ${fields.string('channels_contract')}`,
      `enclaves  ${enclaves.length === 0 ? 'none is registered' : enclaves.join(', ')}`,
      ...offers.map((offer) => describeOffer(offer)),
    ];
    context.output.result(value as JsonObject, lines.join('\n'));
    return 0;
  },
};
