import type { JsonObject } from '@dcml/core';
import { bindDevices, deviceNonce, encodeDeviceEvidence, type WorkloadKeyset } from '@dcml/receipt';
import type { EvidenceSource } from '../evidence/evidence-source.ts';
import { platformError } from '../evidence/platform-call.ts';

export interface BoundKeyset {
  readonly keyset: WorkloadKeyset;
  /** `evidence.devices` of every report; null where the platform collects none. */
  readonly devices: JsonObject | null;
}

/**
 * Takes the instance's keys to its devices and binds what they say into the keyset (docs/decisions/0012): the nonce
 * follows from the keys, so the answer is about this instance; the hash stands in the keyset that every quote binds.
 * Throws `ENCLAVE_PLATFORM`.
 */
export async function bindKeysetToDevices(
  keyset: WorkloadKeyset,
  source: EvidenceSource,
  signal: AbortSignal,
): Promise<BoundKeyset> {
  if (source.devices === undefined) return { keyset, devices: null };
  const found = await source.devices(deviceNonce(keyset), signal);
  if (found.length === 0) throw platformError('the settings ask for device evidence, but there is no device');
  const devices = encodeDeviceEvidence(found);
  return { keyset: bindDevices(keyset, devices), devices };
}
