import type { DstackTdxEvidence, RuntimeEvent } from '@dcml/attest';
import { encodeUtf8, type Random, sha256, toHex } from '@dcml/core';
import { dstackEvent, encodeEventLog, replayRegisters, simulatedBootEvents } from './runtime-registers.ts';
import { issueSimulatedCollateral } from './simulated-collateral.ts';
import { type SimulatedQuoteOptions, signSimulatedQuote, simulatedMrTd } from './simulated-quote.ts';
import type { SimulatedVendor } from './simulated-vendor.ts';

export interface SimulatedGuestOptions {
  readonly vendor: SimulatedVendor;
  readonly appCompose: string;
  readonly random: Random;
}

/** A dstack guest in simulation: its compose, its event log and registers, and quotes over them. */
export interface SimulatedGuest {
  readonly appCompose: string;
  readonly appId: string;
  readonly instanceId: string;
  readonly composeHash: string;
  events(): readonly RuntimeEvent[];
  /** Extends RTMR3. */
  emit(event: string, payload: Uint8Array): void;
  quote(reportData: Uint8Array, options?: SimulatedQuoteOptions): Uint8Array<ArrayBuffer>;
  /** All that a verifier needs, in one piece. */
  evidence(reportData: Uint8Array): DstackTdxEvidence;
  /** The `tcb_info` text of the agent's `Info`. */
  tcbInfo(): string;
}

/** Boots a simulated guest: measures `appCompose` as dstack does. */
export function createSimulatedGuest(options: SimulatedGuestOptions): SimulatedGuest {
  const { vendor, appCompose } = options;
  const instanceId = options.random.bytes(20);
  const events = simulatedBootEvents({ appCompose, instanceId });
  const composeHash = toHex(sha256(encodeUtf8(appCompose)));
  const quote: SimulatedGuest['quote'] = (reportData, special = {}) =>
    signSimulatedQuote(vendor, {
      ...special,
      td: { rtmrs: replayRegisters(events), reportData, ...special.td },
    });
  return {
    appCompose,
    appId: composeHash.slice(0, 40),
    instanceId: toHex(instanceId),
    composeHash,
    events: () => [...events],
    emit(event, payload) {
      events.push(dstackEvent(event, payload));
    },
    quote,
    evidence: (reportData) => ({
      kind: 'dstack-tdx',
      quote: quote(reportData),
      eventLog: [...events],
      appCompose,
      collateral: issueSimulatedCollateral(vendor),
    }),
    tcbInfo() {
      const [rtmr0, rtmr1, rtmr2, rtmr3] = replayRegisters(events).map((register) => toHex(register));
      const event_log = JSON.parse(encodeEventLog(events)) as unknown;
      const mrtd = toHex(simulatedMrTd);
      return JSON.stringify({ mrtd, rtmr0, rtmr1, rtmr2, rtmr3, event_log, app_compose: appCompose });
    },
  };
}
