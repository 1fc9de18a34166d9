import type { Command } from '../program/command.ts';
import { parsePort } from '../program/read-option.ts';
import { dcmlArgv } from '../program/self.ts';
import { formatNetwork } from './network/format-network.ts';

export const up: Command = {
  name: 'up',
  summary: 'start a local chain, host, simulated enclave and your proxy, with a real model',
  usage: '',
  arity: [0, 0],
  options: {
    model: {
      type: 'string',
      value: 'NAME|FILE',
      description: 'tiny, smollm2-135m, or a GGUF file (default: smollm2-135m)',
    },
    port: { type: 'string', value: 'PORT', description: 'port of the proxy (default: 7878)' },
    'chain-port': { type: 'string', value: 'PORT', description: 'port of the chain (default: a free one)' },
    'host-port': { type: 'string', value: 'PORT', description: 'port of the host (default: a free one)' },
    'enclave-port': {
      type: 'string',
      value: 'PORT',
      description: 'public port of the enclave (default: a free one)',
    },
  },
  examples: ['dcml up', 'dcml up --model tiny --port 8080', 'dcml up --home /tmp/second --port 0 --json'],
  async run({ strings, home, output, signal, json }) {
    const { encodeNetworkInfo, startNetwork } = await import('@dcml/devnet');
    const network = await startNetwork({
      home,
      dcml: dcmlArgv(),
      model: strings['model'] ?? 'smollm2-135m',
      ports: {
        proxy: parsePort('port', strings['port']) ?? 7878,
        chain: parsePort('chain-port', strings['chain-port']),
        host: parsePort('host-port', strings['host-port']),
        enclave: parsePort('enclave-port', strings['enclave-port']),
      },
      onProgress: (line) => output.progress(line),
      onWarning: (line) => output.warn(line),
      signal,
    });
    try {
      output.result(encodeNetworkInfo(network.info), formatNetwork(network.info, output));
      await Promise.race([network.died, aborted(signal)]);
      if (!json) output.progress('stopping …');
    } finally {
      await network.stop();
    }
    return 0;
  },
};

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
