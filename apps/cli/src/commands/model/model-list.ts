import type { JsonObject } from '@dcml/core';
import type { DcmlChain, RegisteredHost, RegisteredModel } from '@dcml/evm';
import type { Command } from '../../program/command.ts';
import { formatWei } from '../../program/format-amount.ts';
import { chainOptions, connectChain } from '../../settings/chain-access.ts';

interface Entry {
  readonly model: RegisteredModel;
  readonly hosts: readonly RegisteredHost[];
}

async function readEntries(chain: DcmlChain, signal: AbortSignal): Promise<Entry[]> {
  const { listHosts, listModels } = await import('@dcml/evm');
  const entries: Entry[] = [];
  for (const model of await listModels(chain, {}, { signal })) {
    entries.push({ model, hosts: await listHosts(chain, model.model, {}, { signal }) });
  }
  return entries;
}

function toJson({ model, hosts }: Entry): JsonObject {
  return {
    model: model.model,
    owner: model.owner,
    owner_prompt_per_mtok: model.price.promptPerMTok.toString(),
    owner_completion_per_mtok: model.price.completionPerMTok.toString(),
    compose_hashes: model.composeHashes,
    uri: model.uri,
    hosts: hosts.map(({ host, endpoint, price }) => ({
      host,
      endpoint,
      host_prompt_per_mtok: price.promptPerMTok.toString(),
      host_completion_per_mtok: price.completionPerMTok.toString(),
    })),
  };
}

function toText({ model, hosts }: Entry): string {
  const price = (prompt: bigint, completion: bigint): string =>
    `${formatWei(prompt)} prompt, ${formatWei(completion)} completion (per million tokens)`;
  return [
    model.model,
    `  owner  ${model.owner}  ${price(model.price.promptPerMTok, model.price.completionPerMTok)}`,
    ...hosts.map(
      (host) =>
        `  host   ${host.host}  ${price(host.price.promptPerMTok, host.price.completionPerMTok)}  ${host.endpoint}`,
    ),
  ].join('\n');
}

export const modelList: Command = {
  name: 'model list',
  summary: 'list the registered models with their prices and hosts',
  usage: '',
  arity: [0, 0],
  options: chainOptions,
  examples: ['dcml model list', 'dcml model list --json'],
  async run(context) {
    const chain = await connectChain(context, 'none');
    const entries = await readEntries(chain, context.signal);
    const text = entries.length === 0 ? 'no model is registered' : entries.map(toText).join('\n');
    context.output.result({ models: entries.map(toJson) }, text);
    return 0;
  },
};
