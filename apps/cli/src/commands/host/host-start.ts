import type { Command } from '../../program/command.ts';
import { requireString } from '../../program/read-option.ts';
import { exitWithStdinOption, runService } from '../../program/run-service.ts';
import { parseHostSettings } from '../../settings/host-settings.ts';
import { readFieldsOf, readJsonFile } from '../../settings/read-json-file.ts';
import { readPrivateKey } from '../../settings/read-private-key.ts';
import { openHostCollateral } from './open-host-collateral.ts';

export const hostStart: Command = {
  name: 'host start',
  summary: "run the operator's daemon: offers, relay, ledger port, chain watcher",
  usage: '',
  arity: [0, 0],
  options: {
    'host-config': {
      type: 'string',
      value: 'FILE',
      description: 'settings of the daemon (docs/guide/host.md)',
    },
    'exit-with-stdin': exitWithStdinOption,
  },
  examples: ['dcml host start --host-config host.json'],
  async run(context) {
    const file = requireString(context, 'host-config');
    const value = await readJsonFile(file, 'host settings');
    const settings = readFieldsOf(file, 'host settings', () => parseHostSettings(value));
    const privateKey = await readPrivateKey(settings.privateKeyFile);
    const { attachContracts, createChainClient } = await import('@dcml/evm');
    const { createHostChain, createJsonLog, startHost } = await import('@dcml/host');
    const { nativeSecp256k1 } = await import('@dcml/channel/native');
    const { fromPrefixedHex, systemClock } = await import('@dcml/core');
    const { rpcUrl, chainId, contracts, listen, relay, enclave, models } = settings;
    const log = createJsonLog(
      (line) => process.stderr.write(line),
      () => systemClock.now(),
    );
    const collateral = await openHostCollateral(settings.collateral, systemClock, log);
    return runService(context, async (signal) => {
      const client = await createChainClient({ rpcUrl, chainId, account: privateKey });
      const chain = createHostChain(await attachContracts(client, contracts, { signal }));
      const host = await startHost(
        {
          storePath: settings.storeFile,
          rpcUrl,
          hostPrivateKey: fromPrefixedHex(privateKey, 'private key', 32),
          models: models.map((model) => ({
            model: model.model,
            hostPromptPerMTok: model.promptPerMTok,
            hostCompletionPerMTok: model.completionPerMTok,
            maxDepositWei: model.maxDepositWei,
          })),
          closeWindowSeconds: settings.closeWindowSeconds,
          offerLifetimeSeconds: settings.offerLifetimeSeconds,
          listen: { host: listen.address, port: listen.port },
          ledgerSocket: settings.ledgerSocket,
          relay: {
            listen: { host: relay.address, port: relay.port },
            target: { host: enclave.address, port: enclave.port },
            ...(relay.publicUrl === null ? {} : { publicUrl: relay.publicUrl }),
          },
          watch: { fromBlock: settings.fromBlock, pollMs: 1000 },
          collateral,
        },
        {
          chain,
          secp: nativeSecp256k1,
          clock: systemClock,
          log,
          signal: new AbortController().signal,
        },
      );
      return {
        ready: { url: host.url, relay_port: host.relayPort, host: chain.host, chain_id: chainId },
        text: `host ${chain.host} serves ${host.url}`,
        close: () => host.close(),
      };
    });
  },
};
