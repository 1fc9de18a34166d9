import { fromHex } from '@dcml/core';
import { describeEvidenceSource } from '@dcml/testing/evidence-source';
import type { TsmProvider } from '../../src/evidence/configfs-tsm.ts';
import type { FakeTsm } from './fake-tsm.ts';
import { COMPOSE, fakeSnp, fakeTdx, REPORT_DIRECTORY, tsmPlatform } from './fake-tsm-platforms.ts';

function conforms(
  name: string,
  provider: TsmProvider,
  create: () => FakeTsm,
  member: string,
  at: number,
): void {
  describeEvidenceSource(name, async () => {
    const tsm = create();
    const platform = await tsmPlatform(tsm, provider);
    return {
      source: platform.open(),
      withDeadline: (deadlineMs) => platform.open(deadlineMs),
      setFault: (fault) => {
        tsm.fault = fault;
      },
      boundData: ({ evidence }) => fromHex(evidence[member] as string).subarray(at, at + 64),
      canaries: ['canary-5e1f-report', REPORT_DIRECTORY, platform.directory],
      appCompose: COMPOSE,
      readRegister: async () => tsm.register.value,
      dispose: () => platform.dispose(),
    };
  });
}

conforms('configfs-tsm on TDX', 'tdx_guest', fakeTdx, 'quote', 568);
conforms('configfs-tsm on SEV-SNP', 'sev_guest', fakeSnp, 'report', 0x50);
