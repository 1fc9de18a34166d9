import { asChannelId, asModelHash, type Hex, type ModelHash } from '@dcml/core';
import { CliError } from '../../cli-error.ts';
import type { Command, CommandContext } from '../../program/command.ts';
import { parseAmount, requireString } from '../../program/read-option.ts';
import { chainOptions, connectChain, keyOptions } from '../../settings/chain-access.ts';

/** A hash on the command line, or a file whose hash is computed. */
async function readModel(text: string, signal: AbortSignal): Promise<ModelHash> {
  if (/^0x[0-9a-f]{64}$/.test(text)) return asModelHash(text);
  const { hashModel } = await import('@dcml/model/node');
  return (await hashModel(text, { signal })).modelHash;
}

function parseComposeHashes({ strings }: CommandContext): Hex[] {
  const text = strings['compose-hashes'] ?? '';
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      try {
        return asChannelId(part.startsWith('0x') ? part : `0x${part}`);
      } catch (cause) {
        throw new CliError('CLI_USAGE', `--compose-hashes: ${part} is not a SHA-256 in hex`, { cause });
      }
    });
}

export const modelRegister: Command = {
  name: 'model register',
  summary: 'register a model with its prices; the sending account becomes its owner',
  usage: 'PATH|HASH',
  arity: [1, 1],
  options: {
    'prompt-price': {
      type: 'string',
      value: 'AMOUNT',
      description: 'for a million prompt tokens, such as 10000gwei',
    },
    'completion-price': { type: 'string', value: 'AMOUNT', description: 'for a million completion tokens' },
    'compose-hashes': {
      type: 'string',
      value: 'HEX,…',
      description: 'enclave images that may serve it: SHA-256 of their application composes',
    },
    uri: { type: 'string', value: 'URI', description: "where the model's files are found" },
    ...chainOptions,
    ...keyOptions,
  },
  examples: [
    'dcml model register model.gguf --prompt-price 10000gwei --completion-price 20000gwei --key-file creator.key',
  ],
  async run(context) {
    const { strings, positionals, output, signal } = context;
    const price = {
      promptPerMTok: parseAmount('prompt-price', requireString(context, 'prompt-price')) ?? 0n,
      completionPerMTok: parseAmount('completion-price', requireString(context, 'completion-price')) ?? 0n,
    };
    const composeHashes = parseComposeHashes(context);
    const model = await readModel(positionals[0] ?? '', signal);
    const chain = await connectChain(context, 'key');
    const { registerModel } = await import('@dcml/evm');
    const sent = await registerModel(
      chain,
      { model, price, composeHashes, uri: strings['uri'] ?? '' },
      { signal },
    );
    output.result(
      { model, owner: chain.address, transaction: sent.hash },
      `registered ${model}\nowner       ${chain.address}\ntransaction ${sent.hash}`,
    );
    return 0;
  },
};
