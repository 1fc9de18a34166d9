import type { Command } from '../../program/command.ts';
import { requireString } from '../../program/read-option.ts';
import { exitWithStdinOption, runService } from '../../program/run-service.ts';
import { readJsonFile } from '../../settings/read-json-file.ts';

export const enclaveRun: Command = {
  name: 'enclave run',
  summary: 'run one enclave instance inside a confidential VM with a dstack guest agent',
  usage: '',
  arity: [0, 0],
  options: {
    'enclave-config': { type: 'string', value: 'FILE', description: 'settings of the instance' },
    'exit-with-stdin': exitWithStdinOption,
  },
  examples: ['dcml enclave run --enclave-config enclave.json'],
  async run(context) {
    const value = await readJsonFile(requireString(context, 'enclave-config'), 'enclave settings');
    const { parseEnclaveSettings, startEnclave, stderrLog } = await import('@dcml/enclave');
    const { systemClock, systemRandom } = await import('@dcml/core');
    const settings = parseEnclaveSettings(value);
    return runService(context, async (signal) => {
      const enclave = await startEnclave(settings, {
        clock: systemClock,
        random: systemRandom,
        log: stderrLog,
        signal,
      });
      return {
        ready: {
          port: enclave.port,
          model: enclave.model,
          keyset_digest: enclave.keysetDigest,
          tls_spki_sha256: enclave.tlsSpkiSha256,
          simulated: enclave.simulated,
        },
        text: `enclave serves ${enclave.model} on port ${enclave.port}${enclave.simulated ? ' (SIMULATED)' : ''}`,
        close: () => enclave.close(),
      };
    });
  },
};
