import { clientOptions, depositOf, depositOption, findTarget } from '../client/client-options.ts';
import { openClient } from '../client/open-client.ts';
import type { Command } from '../program/command.ts';
import { formatOutcome } from '../program/format-verdict.ts';
import { parsePort } from '../program/read-option.ts';
import { exitWithStdinOption, runService, type Service } from '../program/run-service.ts';
import { readTextFile } from '../settings/read-json-file.ts';

const DEFAULT_PORT = 7878;

export const proxy: Command = {
  name: 'proxy',
  summary: 'run a local OpenAI-compatible proxy that verifies before it sends and pays per token',
  usage: '',
  arity: [0, 0],
  options: {
    port: {
      type: 'string',
      value: 'PORT',
      description: `port on 127.0.0.1 (default: ${DEFAULT_PORT}; 0: any)`,
    },
    'api-key-file': {
      type: 'string',
      value: 'FILE',
      description: 'ask programs for the key in this file; without it any program of this machine may spend',
    },
    ...depositOption,
    ...clientOptions,
    'exit-with-stdin': exitWithStdinOption,
  },
  examples: ['dcml proxy', 'dcml proxy --port 8080 --host-url https://host.example --model smollm2-135m'],
  async run(context) {
    const { output, strings } = context;
    const port = parsePort('port', strings['port']) ?? DEFAULT_PORT;
    const target = await findTarget(context);
    const keyFile = strings['api-key-file'];
    const apiKey = keyFile === undefined ? undefined : (await readTextFile(keyFile, 'API key file')).trim();
    return runService(context, async (signal): Promise<Service> => {
      const client = await openClient(context);
      try {
        const { openSession } = await import('@dcml/client');
        const { startProxy } = await import('@dcml/client/node');
        const autoOpen = { depositWei: depositOf(context) };
        const session = await openSession({ ...client, ...target, autoOpen }, signal);
        const running = await startProxy({
          session,
          port,
          ...(apiKey === undefined ? {} : { apiKey }),
          signal: new AbortController().signal,
          onFailure: (code, status) => output.progress(`${status} ${code}`),
        });
        const { verdict } = await session.status();
        return {
          ready: {
            proxy_url: `${running.url}/v1`,
            model: target.model,
            verdict: verdict.outcome,
            simulated: verdict.simulated,
          },
          text: `proxy    ${running.url}/v1\nverdict  ${formatOutcome(verdict, output)}\nmodel    ${target.model}`,
          close: async () => {
            await running.close();
            session.close();
            await client.close();
          },
        };
      } catch (error) {
        await client.close();
        throw error;
      }
    });
  },
};
