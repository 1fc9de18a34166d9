import { canonicalizeJson, encodeUtf8, type JsonObject, sha256, toBase64, toHex } from '@dcml/core';
import { createNvidiaDevice } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  type AttestationReport,
  bindDevices,
  cpuCollateralOf,
  deviceEvidenceAlgorithm,
  deviceNonce,
  encodeArchive,
  encodeDeviceEvidence,
  encodeReport,
  keysetDigest,
  parseArchive,
  parseDeviceEvidence,
  reportFromJson,
  type VerifyReportOptions,
  verifyArchive,
  verifyReport,
  type WorkloadKeyset,
} from '../src/index.ts';
import {
  allGpus,
  collateral,
  gpuEvidence,
  gpus,
  gpuVendor,
  options,
  policyWith,
  reportOver,
  soundReport,
} from './device-fixtures.ts';
import { keyset, requestBody, responseBody, servedAt, signed } from './fixtures.ts';
import { nonce, nowMs } from './report-fixtures.ts';

const sound = soundReport();
const shown = sound.evidence['devices'] as JsonObject;

async function judge(report: AttestationReport, change: Partial<VerifyReportOptions> = {}) {
  const verdict = await verifyReport(report, { ...options, ...change });
  const byName = Object.fromEntries(verdict.claims.map((claim) => [claim.name, claim.outcome]));
  const failed = verdict.claims.filter((claim) => claim.outcome === 'fail').map((claim) => claim.name);
  return { verdict, byName, failed };
}

/** The keyset with another hash for the same devices, and everything over it as it should be. */
function boundTo(devices: JsonObject, keys: WorkloadKeyset = keyset): AttestationReport {
  return reportOver(bindDevices(keys, devices), devices);
}

describe('binding of devices (decision 0012)', () => {
  it('the nonce is SHA-256 of domain, zero and the digest of the keys, with or without the device entry', () => {
    const digest = Buffer.from(keysetDigest(keyset).slice(7), 'hex');
    const expected = sha256(Buffer.concat([encodeUtf8('dcml-gpu-nonce-v1'), Uint8Array.of(0), digest]));
    expect(toHex(deviceNonce(keyset))).toBe(toHex(expected));
    expect(toHex(deviceNonce(sound.keyset))).toBe(toHex(expected));
    expect(toHex(deviceNonce({ ...keyset, notAfter: keyset.notAfter + 1 }))).not.toBe(toHex(expected));
  });

  it('the entry is the SHA-256 of the canonical form, and stands last and once', () => {
    const entries = sound.keyset.e2eePublicKeys;
    expect(entries.slice(0, -1)).toEqual(keyset.e2eePublicKeys);
    expect(entries.at(-1)).toEqual({
      keyId: 'devices-1',
      algo: deviceEvidenceAlgorithm,
      publicKey: toHex(sha256(encodeUtf8(canonicalizeJson(shown)))),
    });
    expect(bindDevices(sound.keyset, shown)).toEqual(sound.keyset);
  });

  it('device evidence round trips, and is refused with anything missing, unknown or wrong: RECEIPT_EVIDENCE', () => {
    const devices = allGpus(deviceNonce(keyset));
    expect(parseDeviceEvidence(encodeDeviceEvidence(devices))).toEqual(devices);
    const [first] = shown['devices'] as readonly JsonObject[];
    const refused = expect.objectContaining({ code: 'RECEIPT_EVIDENCE' });
    for (const value of [
      null,
      [],
      {},
      { ...shown, version: 2 },
      { ...shown, more: 1 },
      { ...shown, devices: [] },
      { ...shown, devices: Array.from({ length: 65 }, () => first!) },
      { ...shown, devices: [{ ...first, more: 1 }] },
      { ...shown, devices: [{ ...first, role: 'cpu' }] },
      { ...shown, devices: [{ ...first, report_b64: '~' }] },
      { ...shown, devices: [{ ...first, report_b64: toBase64(new Uint8Array(60_000)) }] },
      { ...shown, devices: [{ ...first, certificate_chain_pem: 'x'.repeat(40_000) }] },
      { ...shown, devices: [{ role: 'gpu', report_b64: '' }] },
    ] as JsonObject[]) {
      expect(() => parseDeviceEvidence(value), JSON.stringify(value).slice(0, 60)).toThrow(refused);
    }
  });
});

describe('a report with devices', () => {
  it('passes: bound, over the nonce, verified, as many as asked for', async () => {
    const { verdict, byName, failed } = await judge(reportFromJson(encodeReport(sound)));
    expect(failed).toEqual([]);
    expect(byName).toMatchObject({
      devices_bound: 'pass',
      devices_nonce: 'pass',
      devices_present: 'pass',
      'devices.report_signature': 'pass',
      'devices.measurements_match': 'pass',
    });
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.some((claim) => claim.source === 'hardware_proven')).toBe(false);
  });

  it('a policy that asks for none judges them all the same', async () => {
    const policy = policyWith({});
    expect((await judge(sound, { policy })).verdict.outcome).toBe('pass');
    const { failed } = await judge(sound, { policy: { ...policy, roots: policy.roots.slice(0, 1) } });
    expect(failed).toContain('devices.trusted_root');
  });

  it('fewer GPUs than the policy asks for, and no switch where it asks for one', async () => {
    const fewer = await judge(sound, { policy: policyWith({ minGpus: 3 }) });
    expect(fewer.failed).toContain('devices.device_count');
    const noSwitch = await judge(sound, { policy: policyWith({ minSwitches: 1 }) });
    expect(noSwitch.failed).toContain('devices.device_count');
    expect(noSwitch.byName['devices_present']).not.toBe('pass');
  });

  it('no GPU at all: refused exactly if the policy asks for some', async () => {
    const bare = reportOver(keyset, null);
    expect(await judge(bare)).toMatchObject({ failed: ['devices_present'] });
    expect((await judge(bare, { policy: policyWith({ minSwitches: 1 }) })).failed).toEqual([
      'devices_present',
    ]);
    const { verdict, byName } = await judge(bare, { policy: policyWith({}) });
    expect(verdict.outcome).toBe('pass');
    expect(byName['devices_present']).toBe('unknown');
    const stranger = await judge(bare, { policy: policyWith({}), collateral: cpuCollateralOf(collateral) });
    expect(stranger.verdict.outcome).toBe('pass');
  });

  it('adversarial: GPU evidence of another machine, over its own nonce', async () => {
    const theirs = encodeDeviceEvidence(allGpus(deviceNonce({ ...keyset, notAfter: keyset.notAfter - 1 })));
    const { failed, verdict } = await judge(boundTo(theirs));
    expect(failed).toEqual(['devices_nonce']);
    expect(verdict.established).toBeNull();
  });

  it('adversarial: GPU evidence over a nonce of the keyset with its entry, or of the client', async () => {
    const digest = Buffer.from(keysetDigest(sound.keyset).slice(7), 'hex');
    const late = sha256(Buffer.concat([encodeUtf8('dcml-gpu-nonce-v1'), Uint8Array.of(0), digest]));
    expect((await judge(boundTo(encodeDeviceEvidence(allGpus(late))))).failed).toEqual(['devices_nonce']);
    const client = encodeDeviceEvidence(allGpus(Buffer.from(nonce, 'hex')));
    expect((await judge(boundTo(client))).failed).toEqual(['devices_nonce']);
  });

  it('adversarial: good devices beside the evidence but not in the keyset', async () => {
    const beside = reportOver(keyset, encodeDeviceEvidence(allGpus(deviceNonce(keyset))));
    expect((await judge(beside)).failed).toEqual(['devices_bound']);
  });

  it('adversarial: devices exchanged after the quote, for as good ones', async () => {
    const others = encodeDeviceEvidence(allGpus(deviceNonce(keyset)).toReversed());
    const exchanged = { ...sound, evidence: { ...sound.evidence, devices: others } };
    const reordered = {
      ...collateral.devices,
      deviceOcspResponses: collateral.devices.deviceOcspResponses.toReversed(),
    };
    const { failed } = await judge(exchanged, { collateral: { ...collateral, devices: reordered } });
    expect(failed).toEqual(['devices_bound']);
  });

  it('adversarial: devices left out that the keyset binds', async () => {
    const { devices: _, ...rest } = sound.evidence;
    const left = await judge({ ...sound, evidence: rest });
    expect(left.failed).toEqual(['devices_bound', 'devices_present']);
    const anyPolicy = await judge({ ...sound, evidence: rest }, { policy: policyWith({}) });
    expect(anyPolicy.failed).toEqual(['devices_bound']);
  });

  it('adversarial: two entries, one for each taste', async () => {
    const devices = encodeDeviceEvidence(allGpus(deviceNonce(keyset)));
    const once = bindDevices(keyset, devices);
    const [entry] = once.e2eePublicKeys.slice(-1);
    const other = { ...entry!, keyId: 'devices-2', publicKey: '00'.repeat(32) };
    for (const entries of [
      [...once.e2eePublicKeys, other],
      [other, ...once.e2eePublicKeys],
    ]) {
      const { failed } = await judge(reportOver({ ...once, e2eePublicKeys: entries }, devices));
      expect(failed).toContain('devices_bound');
    }
  });

  it('adversarial: one GPU shown twice', async () => {
    const challenge = deviceNonce(keyset);
    const twice = encodeDeviceEvidence([gpuEvidence(gpus[0]!, challenge), gpuEvidence(gpus[0]!, challenge)]);
    const [responses] = collateral.devices.deviceOcspResponses;
    const devices = { ...collateral.devices, deviceOcspResponses: [responses!, responses!] };
    const { failed } = await judge(boundTo(twice), { collateral: { ...collateral, devices } });
    expect(failed).toEqual(['devices.devices_distinct']);
  });

  it('an own device that signs for another one, and a report that was changed', async () => {
    const challenge = deviceNonce(keyset);
    const [first, second] = allGpus(challenge);
    const swapped = encodeDeviceEvidence([{ ...first!, report: second!.report }, second!]);
    expect((await judge(boundTo(swapped))).failed).toContain('devices.report_signature');
    const changed = first!.report.slice();
    changed[300]! ^= 1;
    const forged = encodeDeviceEvidence([{ ...first!, report: changed }, second!]);
    expect((await judge(boundTo(forged))).verdict.outcome).toBe('fail');
  });

  it('devices without manifests or OCSP answers stay open under the strict policy', async () => {
    const { verdict } = await judge(sound, { collateral: collateral.cpu });
    expect(verdict.outcome).not.toBe('pass');
    const lenient = policyWith({ minGpus: 2, requireRims: false, requireOcsp: false });
    expect((await judge(sound, { collateral: collateral.cpu, policy: lenient })).verdict.outcome).toBe(
      'pass',
    );
  });

  it('devices of a vendor that nobody named', async () => {
    const stranger = createNvidiaDevice({ ...gpuVendor, nowMs });
    const evidence = encodeDeviceEvidence([gpuEvidence(stranger, deviceNonce(keyset))]);
    const policy = { ...policyWith({}), roots: policyWith({}).roots.slice(0, 1) };
    const { failed, verdict } = await judge(boundTo(evidence), { policy });
    expect(failed).toContain('devices.trusted_root');
    expect(verdict.simulated).toBe(true);
  });

  it('a policy that takes no GPU evidence refuses it', async () => {
    const policy = policyWith({});
    const kinds = policy.kinds.filter((kind) => kind !== 'nvidia');
    expect((await judge(sound, { policy: { ...policy, kinds } })).failed).toContain('devices.kind_accepted');
  });

  it('device evidence that cannot be read fails with a reason', async () => {
    for (const broken of [null, 5, 'x', [], {}, { version: 1, devices: [] }] as const) {
      const { failed } = await judge({ ...sound, evidence: { ...sound.evidence, devices: broken } });
      expect(failed).toContain('devices_readable');
    }
  });

  it('is archived with the collateral of its devices, and verified offline', async () => {
    const archive = {
      receipt: (await signed({ keysetDigest: keysetDigest(sound.keyset) })).receipt,
      report: sound,
      nonce,
      collateral,
      verifiedAt: servedAt,
      requestBody,
      responseBody,
    };
    const file = encodeArchive(archive);
    expect(parseArchive(file)).toEqual(archive);
    const verdict = await verifyArchive(file, { policy: options.policy, nowMs: nowMs + 365 * 86_400_000 });
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
  });

  it('any altered character of the device evidence establishes nothing', async () => {
    const text = canonicalizeJson(shown);
    const step = Math.ceil(text.length / 60);
    for (let at = 1; at < text.length; at += step) {
      const other = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      let devices: JsonObject;
      try {
        devices = JSON.parse(other) as JsonObject;
      } catch {
        continue;
      }
      const report = { ...sound, evidence: { ...sound.evidence, devices } };
      const { verdict, failed } = await judge(report);
      expect(verdict.established, `character ${at}`).toBeNull();
      expect(failed.some((name) => name === 'devices_bound' || name === 'devices_readable')).toBe(true);
    }
  });
});
