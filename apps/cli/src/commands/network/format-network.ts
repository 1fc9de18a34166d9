import type { NetworkInfo } from '@dcml/devnet';
import type { Output } from '../../program/command.ts';

/** Where everything is, how to use it, and what of it is not real. */
export function formatNetwork(info: NetworkInfo, { bold, dim, yellow }: Output): string {
  const { proxyUrl, apiKey, model } = info;
  const body = `{"model":"${model.name}","messages":[{"role":"user","content":"Hello"}]}`;
  const simulated = info.simulated
    ? [
        '',
        yellow(
          bold('SIMULATED: the enclave runs in a made-up TEE. It proves nothing about this or any machine;'),
        ),
        yellow(
          'the chain and its money are local, too. Cryptography, payments and the model are the real code.',
        ),
      ]
    : [];
  return [
    `${bold('dcml is up')}  ${dim(info.home)}`,
    '',
    `  model      ${model.name}  ${model.hash}`,
    `  verdict    ${info.verdict}${info.simulated ? bold(' (SIMULATED)') : ''}`,
    `  proxy      ${proxyUrl}   ${dim('OpenAI-compatible; verifies before it sends')}`,
    `  host       ${info.hostUrl}`,
    `  chain      ${info.chainRpc}   ${dim(`chain id ${info.chainId}`)}`,
    `  registry   ${info.contracts.registry}`,
    `  channels   ${info.contracts.channels}`,
    '',
    bold('Talk to it'),
    '  dcml chat "What is a prime number?"',
    '',
    `  curl ${proxyUrl}/chat/completions -H 'authorization: Bearer ${apiKey}' \\`,
    `    -H 'content-type: application/json' -d '${body}'`,
    '',
    `  import OpenAI from 'openai';`,
    `  const openai = new OpenAI({ baseURL: '${proxyUrl}', apiKey: '${apiKey}' });`,
    `  console.log(await openai.chat.completions.create(${body}));`,
    ...simulated,
  ].join('\n');
}
