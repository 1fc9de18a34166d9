import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@dcml/core';
import { createSimulatedVendor, signSimulatedQuote } from '@dcml/testing';
import { createConfigfsTsmSource, type TsmProvider } from '../../src/evidence/configfs-tsm.ts';
import type { EvidenceSource } from '../../src/evidence/evidence-source.ts';
import { FakeTsm, type FakeTsmOptions } from './fake-tsm.ts';

const vendor = createSimulatedVendor({ random: systemRandom, nowMs: Date.parse('2026-11-01T00:00:00Z') });

export const REPORT_DIRECTORY = '/sys/kernel/canary-config/tsm/report';
export const COMPOSE = '{"name":"measured"}';

export function fakeTdx(): FakeTsm {
  return new FakeTsm({
    provider: 'tdx_guest',
    makeReport: (inblob) => signSimulatedQuote(vendor, { td: { reportData: inblob } }),
  });
}

/** REPORT_DATA at 0x50, VMPL at 0x30. */
function snpReport(inblob: Uint8Array, privilegeLevel: number | null): Uint8Array {
  const report = new Uint8Array(1184);
  report[0] = 2;
  report[0x30] = privilegeLevel ?? 0;
  report.set(inblob, 0x50);
  return report;
}

export function fakeSnp(auxblob?: () => Uint8Array): FakeTsm {
  const options: FakeTsmOptions = { provider: 'sev_guest', makeReport: snpReport };
  return new FakeTsm(auxblob === undefined ? options : { ...options, auxblob });
}

export interface TsmPlatform {
  readonly directory: string;
  readonly composeFile: string;
  open(deadlineMs?: number, privilegeLevel?: number | null): EvidenceSource;
  dispose(): Promise<void>;
}

export async function tsmPlatform(files: FakeTsm, provider: TsmProvider): Promise<TsmPlatform> {
  const directory = await mkdtemp(join(tmpdir(), 'dcml-tsm-canary-'));
  const composeFile = join(directory, 'compose.json');
  await writeFile(composeFile, COMPOSE);
  return {
    directory,
    composeFile,
    open: (deadlineMs = 20_000, privilegeLevel = null) =>
      createConfigfsTsmSource({
        files,
        random: systemRandom,
        provider,
        reportDirectory: REPORT_DIRECTORY,
        registerDirectory: '/sys/class/misc/tdx_guest/measurements',
        composeFile,
        privilegeLevel,
        deadlineMs,
      }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}
