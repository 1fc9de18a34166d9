import { concatBytes, encodeUtf8, fromHex, type JsonValue, sha256 } from '@dcml/core';
import { deviceEvidenceDigest } from './device-evidence.ts';
import { type KeysetKey, keysetDigest, type WorkloadKeyset } from './keyset.ts';

/** Not a key: the hash of the device evidence, in the one list of the keyset that takes algorithms of extensions. */
export const deviceEvidenceAlgorithm = 'dcml-device-evidence-sha256';

const NONCE_DOMAIN = 'dcml-gpu-nonce-v1';

function isDeviceEntry(key: KeysetKey): boolean {
  return key.algo === deviceEvidenceAlgorithm;
}

/** The entries that bind device evidence; a keyset that binds some has exactly one. */
export function deviceEntriesOf(keyset: WorkloadKeyset): readonly KeysetKey[] {
  return keyset.e2eePublicKeys.filter(isDeviceEntry);
}

/** The keyset as it was before the device evidence was made: all its keys, and no entry for devices. */
function withoutDevices(keyset: WorkloadKeyset): WorkloadKeyset {
  return { ...keyset, e2eePublicKeys: keyset.e2eePublicKeys.filter((key) => !isDeviceEntry(key)) };
}

/**
 * The 32 bytes that every device of the instance must sign (docs/protocol/aci.md, "Devices"). They follow from the
 * instance's keys, so that evidence made for another instance does not fit. The same for the keyset with and without
 * its device entry.
 */
export function deviceNonce(keyset: WorkloadKeyset): Uint8Array {
  const digest = fromHex(keysetDigest(withoutDevices(keyset)).slice('sha256:'.length), 'keyset digest', 32);
  return sha256(concatBytes(encodeUtf8(NONCE_DOMAIN), Uint8Array.of(0), digest));
}

/** The keyset that the CPU's evidence binds: with the hash of what the devices said. `evidence`: `evidence.devices`. */
export function bindDevices(keyset: WorkloadKeyset, evidence: JsonValue): WorkloadKeyset {
  const entry = {
    keyId: 'devices-1',
    algo: deviceEvidenceAlgorithm,
    publicKey: deviceEvidenceDigest(evidence),
  };
  return { ...keyset, e2eePublicKeys: [...withoutDevices(keyset).e2eePublicKeys, entry] };
}
