import { chooseModel } from '../model/choose-model.ts';
import type { Command } from '../program/command.ts';
import { parsePort } from '../program/read-option.ts';
import { runService } from '../program/run-service.ts';
import { dcmlArgv } from '../program/self.ts';
import { modelsDirectory, modelsDirectoryOption } from '../settings/models-directory.ts';
import { formatNetwork } from './network/format-network.ts';

const DEFAULT_PORT = 7878;

export const up: Command = {
  name: 'up',
  summary: 'start a local chain, a host, a simulated enclave with a real model, and your proxy',
  usage: '',
  arity: [0, 0],
  options: {
    model: {
      type: 'string',
      value: 'NAME|FILE',
      description: 'tiny, smollm2-135m, or a GGUF file (default: smollm2-135m)',
    },
    port: {
      type: 'string',
      value: 'PORT',
      description: `port of the proxy (default: ${DEFAULT_PORT}; 0: any)`,
    },
    'chain-port': { type: 'string', value: 'PORT', description: 'port of the chain (default: any)' },
    'host-port': { type: 'string', value: 'PORT', description: 'port of the host (default: any)' },
    'enclave-port': {
      type: 'string',
      value: 'PORT',
      description: 'public port of the enclave (default: any)',
    },
    'models-dir': modelsDirectoryOption,
  },
  examples: ['dcml up', 'dcml up --model tiny --port 8080', 'dcml up --home /tmp/second --port 0 --json'],
  async run(context) {
    const { strings, home, output } = context;
    const ports = {
      proxy: parsePort('port', strings['port']) ?? DEFAULT_PORT,
      chain: parsePort('chain-port', strings['chain-port']),
      host: parsePort('host-port', strings['host-port']),
      enclave: parsePort('enclave-port', strings['enclave-port']),
    };
    const { encodeNetworkInfo, startNetwork } = await import('@dcml/devnet');
    const { simulatedPolicy } = await import('../settings/simulated-policy.ts');
    return runService(context, async (signal) => {
      const network = await startNetwork({
        home,
        dcml: dcmlArgv(),
        chooseModel: (stop) =>
          chooseModel({
            model: strings['model'] ?? 'smollm2-135m',
            modelsDirectory: modelsDirectory(context),
            onProgress: (line) => output.progress(line),
            onWarning: (line) => output.warn(line),
            signal: stop,
          }),
        policyFor: simulatedPolicy,
        ports,
        onProgress: (line) => output.progress(line),
        signal,
      });
      return {
        ready: encodeNetworkInfo(network.info),
        text: formatNetwork(network.info, output),
        died: network.died,
        close: () => network.stop(),
      };
    });
  },
};
