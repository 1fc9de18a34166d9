import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalizeJson, fromHex, type Hex, systemClock, systemRandom, toPrefixedHex } from '@dcml/core';
import { encodeCollateral, encodeMeasuredConfiguration, type MeasuredConfiguration } from '@dcml/receipt';
import { openSimulatedVendor, startSimulatedGuestAgent } from '@dcml/testing';
import { writeDurably } from '../chain/durable-file.ts';
import type { NetworkPaths } from './network-paths.ts';

/** Collateral lives 30 days; a network that runs longer gets it again in time. */
const REFRESH_MS = 24 * 3_600_000;

/** The TEE of a development network: a guest agent on a socket, and what a verifier of it needs. */
export interface SimulatedPlatform {
  readonly guestAgentSocket: string;
  readonly composeHash: Hex;
  /** The only root that this platform's evidence ends in: no hardware vendor's. */
  readonly rootPem: string;
  readonly collateralFile: string;
  close(): Promise<void>;
}

/** The application compose of this network: what the platform measures, our configuration inside. */
function composeOf(configuration: MeasuredConfiguration): string {
  return canonicalizeJson({
    manifest_version: 2,
    name: 'dcml-enclave',
    runner: 'docker-compose',
    dcml: encodeMeasuredConfiguration(configuration),
  });
}

/** Boots the simulated guest of a home; its vendor's root is made once per home. */
export async function startSimulatedPlatform(
  paths: NetworkPaths,
  configuration: MeasuredConfiguration,
  signal: AbortSignal,
): Promise<SimulatedPlatform> {
  await mkdir(paths.socketDirectory, { recursive: true, mode: 0o700 });
  const vendor = await openSimulatedVendor(join(paths.home, 'simulated-vendor.json'), {
    random: systemRandom,
    nowMs: systemClock.now(),
  });
  const agent = await startSimulatedGuestAgent({
    socketPath: join(paths.socketDirectory, 'agent.sock'),
    vendor,
    appCompose: composeOf(configuration),
    signal: new AbortController().signal,
  });
  const collateralFile = join(paths.hostDirectory, 'collateral.json');
  const writeCollateral = (): Promise<void> =>
    writeDurably(collateralFile, JSON.stringify(encodeCollateral(agent.collateral(systemClock.now()))));
  await writeCollateral();
  signal.throwIfAborted();
  // A failed refresh leaves the old file, which is valid for weeks.
  const refresh = setInterval(() => void writeCollateral().catch(() => {}), REFRESH_MS);
  return {
    guestAgentSocket: agent.socketPath,
    composeHash: toPrefixedHex(fromHex(agent.guest.composeHash)),
    rootPem: agent.rootPem(),
    collateralFile,
    close: async () => {
      clearInterval(refresh);
      await agent.close();
    },
  };
}
