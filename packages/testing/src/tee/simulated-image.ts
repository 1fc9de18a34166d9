import type { EvidencePolicy, IntelPolicy } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { replayRegisters, simulatedBootEvents } from './runtime-registers.ts';
import { simulatedMrTd } from './simulated-quote.ts';

function measureImage(): Pick<IntelPolicy, 'mrTds' | 'rtmrs'> {
  const events = simulatedBootEvents({ appCompose: '', instanceId: new Uint8Array(20) });
  const [rtmr0, rtmr1, rtmr2] = replayRegisters(events).map((register) => [toHex(register)]);
  return { mrTds: [toHex(simulatedMrTd)], rtmrs: [rtmr0!, rtmr1!, rtmr2!, null] };
}

/** Firmware and boot registers of every simulated dstack guest, as a policy names them. */
export const simulatedImage: Pick<IntelPolicy, 'mrTds' | 'rtmrs'> = measureImage();

/** The policy, for this guest image only. */
export function withSimulatedImage(policy: EvidencePolicy): EvidencePolicy {
  return { ...policy, intel: { ...policy.intel, ...simulatedImage } };
}
