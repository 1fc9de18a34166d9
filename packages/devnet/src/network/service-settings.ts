import { join } from 'node:path';
import type { JsonObject, ModelHash } from '@dcml/core';
import type { DcmlContracts, TokenPrice } from '@dcml/evm';
import type { NetworkPorts } from './choose-ports.ts';
import type { NetworkPaths } from './network-paths.ts';

/** What the settings of the services are made of. */
export interface ServicePlan {
  readonly paths: NetworkPaths;
  readonly ports: NetworkPorts;
  readonly chainId: number;
  readonly chainRpc: string;
  readonly hostUrl: string;
  readonly contracts: DcmlContracts;
  readonly model: { readonly name: string; readonly path: string; readonly hash: ModelHash };
  readonly hostPrice: TokenPrice;
  readonly maxDepositWei: bigint;
  readonly guestAgentSocket: string;
  readonly collateralFile: string;
}

function ledgerSocket(paths: NetworkPaths): string {
  return join(paths.socketDirectory, 'ledger.sock');
}

/** For `dcml host start --host-config`. */
export function hostSettings(plan: ServicePlan, privateKeyFile: string): JsonObject {
  const { paths, ports, model, hostPrice } = plan;
  return {
    rpc_url: plan.chainRpc,
    chain_id: plan.chainId,
    contracts: { registry: plan.contracts.registry, channels: plan.contracts.channels },
    private_key_file: privateKeyFile,
    store_file: join(paths.hostDirectory, 'host.db'),
    ledger_socket: ledgerSocket(paths),
    listen: { address: '127.0.0.1', port: ports.host },
    relay: { address: '127.0.0.1', port: ports.enclave },
    enclave: { address: '127.0.0.1', port: ports.inner },
    models: [
      {
        model: model.hash,
        prompt_per_mtok: hostPrice.promptPerMTok.toString(),
        completion_per_mtok: hostPrice.completionPerMTok.toString(),
        max_deposit: plan.maxDepositWei.toString(),
      },
    ],
    close_window_seconds: 3600,
    collateral_file: plan.collateralFile,
  };
}

/** For `dcml enclave run --enclave-config`. */
export function enclaveSettings(plan: ServicePlan): JsonObject {
  const { paths, ports, model } = plan;
  return {
    address: '127.0.0.1',
    port: ports.inner,
    guest_agent_socket: plan.guestAgentSocket,
    ledger_socket: ledgerSocket(paths),
    model_path: model.path,
    model_name: model.name,
    engine: { kind: 'llama', max_sequences: 16, threads: 1, gpu: 'off' },
  };
}
