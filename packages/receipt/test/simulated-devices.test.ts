import { concludeVerdict, type Evidence, type EvidenceVerdict } from '@dcml/attest';
import { describe, expect, it, vi } from 'vitest';
import { verifyReport } from '../src/index.ts';
import { options, soundReport } from './device-fixtures.ts';

const simulatedKinds = new Set<string>();

vi.mock('@dcml/attest', async (original) => ({
  ...(await original<typeof import('@dcml/attest')>()),
  // Stands for hardware of vendors, which no test has: who is simulated is the test's to say.
  verifyEvidence: async ({ kind }: Evidence): Promise<EvidenceVerdict> => ({
    ...concludeVerdict([], simulatedKinds.has(kind)),
    measured: null,
  }),
}));

describe('SIMULATED', () => {
  it.each([
    [[], false],
    [['nvidia'], true],
    [['dstack-tdx'], true],
    [['nvidia', 'dstack-tdx'], true],
  ] as const)('a report with %j simulated: %s', async (kinds, simulated) => {
    simulatedKinds.clear();
    for (const kind of kinds) simulatedKinds.add(kind);
    expect((await verifyReport(soundReport(), options)).simulated).toBe(simulated);
  });
});
