import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@dcml/core';
import { createSimulatedVendor, startSimulatedGuestAgent } from '@dcml/testing';
import { isSwtpmInstalled, startSwtpm } from '@dcml/testing/evidence-source';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  linuxPaths,
  openEvidenceSource,
  type PlatformPaths,
} from '../../src/evidence/open-evidence-source.ts';
import {
  type DeviceSettings,
  type PlatformSettings,
  parseDeviceSettings,
  parsePlatformSettings,
} from '../../src/evidence/platform-settings.ts';
import { nvattestOutput } from './device-output.ts';

const never = new AbortController().signal;
const AUTO: PlatformSettings = { source: 'auto', composeFile: null };

let directory: string;
let paths: PlatformPaths;
let stop: AbortController;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcml-platform-'));
  stop = new AbortController();
  paths = {
    agentSocket: join(directory, 'agent.sock'),
    reportDirectory: join(directory, 'report'),
    registerDirectory: join(directory, 'registers'),
  };
});
afterEach(async () => {
  stop.abort();
  await rm(directory, { recursive: true, force: true });
});

const open = (platform: PlatformSettings, devices: DeviceSettings = { source: 'none' }) =>
  openEvidenceSource({ platform, devices, random: systemRandom, paths, signal: never });

const startAgent = () =>
  startSimulatedGuestAgent({
    socketPath: paths.agentSocket,
    vendor: createSimulatedVendor({ random: systemRandom, nowMs: Date.now() }),
    appCompose: '{"x":1}',
    signal: stop.signal,
  });

describe('the platform, when no setting names one', () => {
  it('is the guest agent where its socket is, and SIMULATED when that says so', async () => {
    await startAgent();
    await mkdir(paths.reportDirectory);
    expect(await (await open(AUTO)).info(never)).toEqual({
      teeType: 'tdx',
      appCompose: '{"x":1}',
      simulated: true,
    });
  });

  it('is the kernel where it makes reports, and then the compose file must be named', async () => {
    await mkdir(paths.reportDirectory);
    await expect(open(AUTO)).rejects.toMatchObject({
      code: 'ENCLAVE_CONFIG',
      message: expect.stringContaining('app_compose_file') as string,
    });
    // A plain directory makes no entry with attributes: found, asked, and refused.
    const asked = open({ source: 'auto', composeFile: '/compose.json' });
    await expect(asked).rejects.toMatchObject({ code: 'ENCLAVE_PLATFORM' });
  });

  it('is nothing elsewhere, and the error says what was looked for', async () => {
    await expect(open(AUTO)).rejects.toMatchObject({ code: 'ENCLAVE_CONFIG' });
    const message = await open(AUTO).catch((error: Error) => error.message);
    expect(message).toContain(paths.agentSocket);
    expect(message).toContain(paths.reportDirectory);
    expect(message).toContain('TPM');
    // A file in the place of a socket is none.
    await writeFile(paths.agentSocket, '');
    await expect(open(AUTO)).rejects.toMatchObject({ code: 'ENCLAVE_CONFIG' });
  });

  it('is looked for where Linux has it', () => {
    expect(linuxPaths).toEqual({
      agentSocket: '/var/run/dstack.sock',
      reportDirectory: '/sys/kernel/config/tsm/report',
      registerDirectory: '/sys/class/misc/tdx_guest/measurements',
    });
  });
});

describe('devices', () => {
  it('are collected by whom the settings name, and by nobody else', async () => {
    await startAgent();
    const dstack: PlatformSettings = { source: 'dstack', socket: paths.agentSocket };
    expect((await open(dstack)).devices).toBeUndefined();
    expect((await open(dstack, { source: 'agent' })).devices).toBeDefined();
    const program = join(directory, 'nvattest');
    const nonce = new Uint8Array(32).fill(9);
    await writeFile(join(directory, 'output'), nvattestOutput(nonce, 3));
    await writeFile(program, `#!/bin/sh\ncat ${directory}/output\n`);
    await chmod(program, 0o755);
    const source = await open(dstack, { source: 'nvattest', program, switches: false });
    expect(await source.devices!(nonce, never)).toHaveLength(3);
  });

  it.skipIf(!isSwtpmInstalled())('a TPM is used when it is named, and has no agent for devices', async () => {
    const swtpm = await startSwtpm('canary');
    const composeFile = join(directory, 'compose.json');
    await writeFile(composeFile, '{}');
    const platform = parsePlatformSettings({
      source: 'tpm',
      path: swtpm.socketPath,
      app_compose_file: composeFile,
      ak_chain_file: composeFile,
    });
    const source = await open(platform);
    expect(await source.info(never)).toMatchObject({ teeType: 'tpm', simulated: true });
    expect(Object.keys((await source.quote(new Uint8Array(64), never)).evidence)).toContain('message_b64');
    await expect(open(platform, { source: 'agent' })).rejects.toMatchObject({ code: 'ENCLAVE_CONFIG' });
    await swtpm.close();
  });
});

describe('settings of the platform', () => {
  it('are filled with defaults', () => {
    expect(parsePlatformSettings({ source: 'auto' })).toEqual(AUTO);
    expect(parsePlatformSettings({ source: 'dstack' })).toEqual({
      source: 'dstack',
      socket: '/var/run/dstack.sock',
    });
    expect(parsePlatformSettings({ source: 'configfs-tsm', app_compose_file: '/c' })).toEqual({
      source: 'configfs-tsm',
      composeFile: '/c',
      privilegeLevel: null,
    });
    const tpm = { source: 'tpm', app_compose_file: '/c', ak_chain_file: '/p' } as const;
    expect(parsePlatformSettings(tpm)).toEqual({
      source: 'tpm',
      path: '/dev/tpmrm0',
      composeFile: '/c',
      certificateFile: '/p',
      key: { kind: 'primary' },
      pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    });
    const key = { key_handle: 0x81000003, pcrs: [7, 0, 7] };
    expect(parsePlatformSettings({ ...tpm, ...key })).toMatchObject({
      key: { kind: 'persistent', handle: 0x81000003 },
      pcrs: [0, 7],
    });
    expect(parsePlatformSettings({ ...tpm, key_template_index: 0x01c10003 })).toMatchObject({
      key: { kind: 'nv-template', index: 0x01c10003 },
    });
    expect(parseDeviceSettings('none')).toEqual({ source: 'none' });
    expect(parseDeviceSettings('agent')).toEqual({ source: 'agent' });
    const nvattest = { source: 'nvattest', program: '/usr/bin/nvattest', switches: false } as const;
    expect(parseDeviceSettings('nvattest')).toEqual(nvattest);
    expect(parseDeviceSettings({ source: 'nvattest', program: '/x', switches: true })).toEqual({
      ...nvattest,
      program: '/x',
      switches: true,
    });
  });

  it.each([
    [{}],
    [{ source: 'sgx' }],
    [{ source: 'dstack', app_compose_file: '/c' }],
    [{ source: 'configfs-tsm' }],
    [{ source: 'configfs-tsm', app_compose_file: '/c', privilege_level: 4 }],
    [{ source: 'tpm', app_compose_file: '/c' }],
    [{ source: 'tpm', app_compose_file: '/c', ak_chain_file: '/p', pcrs: [24] }],
    [{ source: 'tpm', app_compose_file: '/c', ak_chain_file: '/p', pcrs: [] }],
    [{ source: 'tpm', app_compose_file: '/c', ak_chain_file: '/p', key_handle: 5 }],
  ])('refuse %j', (value) => {
    expect(() => parsePlatformSettings(value)).toThrow(/platform/);
  });

  it.each([['amd'], [{ source: 'agent', switches: true }], [{ source: 'nvattest', switches: 1 }], [5]])(
    'of devices refuse %j',
    (value) => {
      expect(() => parseDeviceSettings(value)).toThrow(/devices/);
    },
  );
});
