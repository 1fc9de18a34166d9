import { join } from 'node:path';
import type { EvidencePolicy } from '@dcml/attest';
import { asModelHash, type ModelHash } from '@dcml/core';
import { CliError } from '../cli-error.ts';
import type { CommandContext, Options } from '../program/command.ts';
import { parseAmount } from '../program/read-option.ts';
import { chainOptions, keyOptions } from '../settings/chain-access.ts';
import { readPolicy } from '../settings/read-policy.ts';
import { tryFindRunning } from '../settings/running-network.ts';

/** Which enclave to talk to, on which terms; by default what the network of this home offers. */
export const clientOptions: Options = {
  'host-url': { type: 'string', value: 'URL', description: 'the host (default: of dcml up)' },
  model: { type: 'string', value: 'HASH|NAME', description: 'the model to use (default: of dcml up)' },
  policy: {
    type: 'string',
    value: 'FILE',
    description: 'what you accept as evidence (default: policy.json of this home)',
  },
  ...chainOptions,
  ...keyOptions,
};

export const depositOption: Options = {
  deposit: { type: 'string', value: 'AMOUNT', description: 'deposit of a new channel (default: 0.01eth)' },
};

const DEFAULT_DEPOSIT = '0.01eth';

export function depositOf({ strings }: CommandContext): bigint {
  return parseAmount('deposit', strings['deposit'] ?? DEFAULT_DEPOSIT) ?? 0n;
}

export interface ClientTarget {
  readonly hostUrl: string;
  readonly model: ModelHash;
  readonly policy: EvidencePolicy;
}

/** A hash, or a name of the catalogue, whose hash is pinned in this program. */
async function readModel(text: string): Promise<ModelHash> {
  const { modelCatalogue } = await import('@dcml/model');
  const named = modelCatalogue.find((model) => model.name === text);
  if (named !== undefined) return named.modelHash;
  try {
    return asModelHash(text);
  } catch (cause) {
    const message = `--model: ${text} is no model hash and no known name (dcml model list shows the hashes)`;
    throw new CliError('CLI_USAGE', message, { cause });
  }
}

/** Host, model and policy from the options, each by default of the network in this home. Throws `CLI_USAGE`, `CLI_INPUT`. */
export async function findTarget(context: CommandContext): Promise<ClientTarget> {
  const { strings, home } = context;
  const network = await tryFindRunning(context);
  const hostUrl = strings['host-url'] ?? network?.hostUrl;
  const named = strings['model'];
  const model =
    named === undefined || named === network?.model.name ? network?.model.hash : await readModel(named);
  if (hostUrl === undefined || model === undefined) {
    throw new CliError('CLI_NOT_RUNNING', `no network runs in ${home}; or give --host-url and --model`);
  }
  // Only the network's own policy accepts its simulated root; elsewhere the strict default holds.
  const isOwn = network !== undefined && hostUrl === network.hostUrl;
  const policyFile = strings['policy'] ?? (isOwn ? join(home, 'policy.json') : undefined);
  return { hostUrl, model, policy: await readPolicy(policyFile) };
}
