import { stat } from 'node:fs/promises';
import type { Random } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';
import { createDeviceTransport } from '../tpm/device-transport.ts';
import { createSocketTransport } from '../tpm/socket-transport.ts';
import { createConfigfsTsmSource, detectTsmProvider } from './configfs-tsm.ts';
import { createDstackEvidenceSource } from './dstack-guest-agent.ts';
import type { EvidenceSource } from './evidence-source.ts';
import { createNvattestCollector } from './nvattest.ts';
import { type DeviceSettings, defaultAgentSocket, type PlatformSettings } from './platform-settings.ts';
import { createTpmSource } from './tpm-source.ts';
import { kernelTsmFiles } from './tsm-files.ts';

const DEADLINE_MS = 20_000;
/** Eight GPUs, one after the other. */
const DEVICE_DEADLINE_MS = 60_000;

/** Where Linux keeps what we use. */
export interface PlatformPaths {
  readonly agentSocket: string;
  readonly reportDirectory: string;
  readonly registerDirectory: string;
}

export const linuxPaths: PlatformPaths = {
  agentSocket: defaultAgentSocket,
  reportDirectory: '/sys/kernel/config/tsm/report',
  registerDirectory: '/sys/class/misc/tdx_guest/measurements',
};

export interface OpenEvidenceSourceOptions {
  readonly platform: PlatformSettings;
  readonly devices: DeviceSettings;
  readonly random: Random;
  readonly paths: PlatformPaths;
  readonly signal: AbortSignal;
}

async function isThere(path: string, kind: 'socket' | 'directory'): Promise<boolean> {
  try {
    const found = await stat(path);
    return kind === 'socket' ? found.isSocket() : found.isDirectory();
  } catch {
    return false;
  }
}

/** Settings that name their source. A TPM is never chosen unasked: alone it protects no memory. */
async function detectPlatform(
  composeFile: string | null,
  paths: PlatformPaths,
): Promise<Exclude<PlatformSettings, { source: 'auto' }>> {
  if (await isThere(paths.agentSocket, 'socket')) return { source: 'dstack', socket: paths.agentSocket };
  if (await isThere(paths.reportDirectory, 'directory')) {
    if (composeFile !== null) return { source: 'configfs-tsm', composeFile, privilegeLevel: null };
    throw new EnclaveError(
      'ENCLAVE_CONFIG',
      `the kernel makes reports (${paths.reportDirectory}), but platform.app_compose_file does not say what was measured`,
    );
  }
  throw new EnclaveError(
    'ENCLAVE_CONFIG',
    `no TEE found: neither a dstack guest agent at ${paths.agentSocket} nor the kernel's reports at ` +
      `${paths.reportDirectory}; a TPM is used only when platform.source is "tpm"`,
  );
}

async function openPlatform(options: OpenEvidenceSourceOptions): Promise<EvidenceSource> {
  const { paths, random, signal } = options;
  const deadlineMs = DEADLINE_MS;
  const platform =
    options.platform.source === 'auto'
      ? await detectPlatform(options.platform.composeFile, paths)
      : options.platform;
  switch (platform.source) {
    case 'dstack':
      return createDstackEvidenceSource({ socketPath: platform.socket, deadlineMs });
    case 'configfs-tsm': {
      const files = kernelTsmFiles;
      const provider = await detectTsmProvider({ ...paths, files, random, deadlineMs }, signal);
      return createConfigfsTsmSource({ ...paths, ...platform, files, random, provider, deadlineMs });
    }
    case 'tpm': {
      const transport = (await isThere(platform.path, 'socket'))
        ? createSocketTransport(platform.path)
        : createDeviceTransport(platform.path);
      return createTpmSource({ ...platform, transport, deadlineMs });
    }
  }
}

/**
 * The evidence source that the settings ask for, with the device evidence that they ask for and no other. Throws
 * `ENCLAVE_CONFIG` when there is none, naming what was looked for, and `ENCLAVE_PLATFORM`.
 */
export async function openEvidenceSource(options: OpenEvidenceSourceOptions): Promise<EvidenceSource> {
  const source = await openPlatform(options);
  const { devices: collectByPlatform, ...withoutDevices } = source;
  const { devices } = options;
  switch (devices.source) {
    case 'none':
      return withoutDevices;
    case 'agent':
      if (collectByPlatform === undefined) {
        throw new EnclaveError('ENCLAVE_CONFIG', 'devices "agent" needs a dstack guest agent');
      }
      return source;
    case 'nvattest': {
      const collect = createNvattestCollector({ ...devices, deadlineMs: DEVICE_DEADLINE_MS });
      return { ...withoutDevices, devices: collect };
    }
  }
}
