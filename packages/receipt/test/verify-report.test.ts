import type { JsonObject, JsonValue } from '@dcml/core';
import { describe, expect, it, vi } from 'vitest';
import {
  type AttestationReport,
  collateralFromJson,
  cpuEvidenceOf,
  encodeCollateral,
  encodeMeasuredConfiguration,
  encodeReport,
  type KeysetKey,
  keysetDigest,
  parseMeasuredConfiguration,
  parseReport,
  reportFromJson,
  type VerifyReportOptions,
  verifyReport,
  type WorkloadKeyset,
} from '../src/index.ts';
import { configuration, keyset, servedAt } from './fixtures.ts';
import {
  appCompose,
  collateral,
  composeHash,
  composeWith,
  nonce,
  nowMs,
  policy,
  reportFor,
  stubVerifyEvidence,
} from './report-fixtures.ts';

vi.mock('@dcml/attest', async (original) => ({
  ...(await original<typeof import('@dcml/attest')>()),
  // Lazily: the factory runs before this file's imports.
  verifyEvidence: (...args: Parameters<typeof stubVerifyEvidence>) => stubVerifyEvidence(...args),
}));

const options: VerifyReportOptions = { nonce, nowMs, policy, collateral };

async function outcomes(report: AttestationReport, change: Partial<VerifyReportOptions> = {}) {
  const verdict = await verifyReport(report, { ...options, ...change });
  const byName = Object.fromEntries(verdict.claims.map((claim) => [claim.name, claim.outcome]));
  return { verdict, byName };
}

describe('verifyReport (aci/1 section 9.1)', () => {
  it('establishes keyset, configuration and compose of a good report', async () => {
    const { verdict } = await outcomes(reportFor());
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({
      outcome: 'pass',
      simulated: true,
      established: {
        keyset,
        keysetDigest: keysetDigest(keyset),
        configuration,
        composeHash,
        simulated: true,
      },
    });
  });

  it('old quote under a new nonce', async () => {
    const { verdict, byName } = await outcomes(reportFor(), { nonce: '4f'.repeat(32) });
    expect(byName).toMatchObject({ report_data_bound: 'fail', report_data_stated: 'fail' });
    expect(verdict).toMatchObject({ outcome: 'fail', established: null });
  });

  it('key beside the quote but not in it', async () => {
    const [encryption, chain] = keyset.e2eePublicKeys as [KeysetKey, KeysetKey];
    const mine = { ...keyset, e2eePublicKeys: [{ ...encryption, publicKey: '66'.repeat(32) }, chain] };
    for (const digest of [keysetDigest(keyset), keysetDigest(mine)]) {
      const { verdict, byName } = await outcomes({ ...reportFor(), keyset: mine, keysetDigest: digest });
      expect(byName['report_data_bound']).toBe('fail');
      expect(verdict.established).toBeNull();
    }
  });

  it('digest or report data stated otherwise than they are', async () => {
    const digest = `sha256:${'00'.repeat(32)}` as const;
    expect((await outcomes({ ...reportFor(), keysetDigest: digest })).byName['keyset_digest']).toBe('fail');
    const stated = await outcomes({ ...reportFor(), reportData: '00'.repeat(32) });
    expect(stated.byName['report_data_stated']).toBe('fail');
    expect(stated.verdict.outcome).toBe('fail');
  });

  it('no nonce: bound, but freshness is unknown and nothing is established', async () => {
    const { verdict, byName } = await outcomes(reportFor({ nonce: null }), { nonce: null });
    expect(byName).toMatchObject({ report_data_bound: 'pass', nonce_fresh: 'unknown' });
    expect(verdict).toMatchObject({ outcome: 'unknown', established: null });
  });

  it('a malformed nonce of the caller: RECEIPT_NONCE', async () => {
    await expect(verifyReport(reportFor(), { ...options, nonce: 'x' })).rejects.toThrow(
      expect.objectContaining({ code: 'RECEIPT_NONCE' }),
    );
  });

  it('expired keyset, and one that lives too long', async () => {
    const at = (notAfter: number): AttestationReport => reportFor({ keyset: { ...keyset, notAfter } });
    expect((await outcomes(at(servedAt))).byName['keyset_not_expired']).toBe('fail');
    expect((await outcomes(at(servedAt + 1))).byName['keyset_not_expired']).toBe('pass');
    const longest = servedAt + policy.maxKeysetLifetimeSeconds;
    expect((await outcomes(at(longest))).byName['keyset_lifetime']).toBe('pass');
    expect((await outcomes(at(longest + 1))).byName['keyset_lifetime']).toBe('fail');
  });

  it('keys: a role missing, doubled, malformed, shared, or of small order', async () => {
    const [receipt] = keyset.receiptSigningKeys as [KeysetKey];
    const [encryption, chain] = keyset.e2eePublicKeys as [KeysetKey, KeysetKey];
    const wrong: readonly Partial<WorkloadKeyset>[] = [
      { receiptSigningKeys: [] },
      { receiptSigningKeys: [{ ...receipt, algo: 'other' }] },
      { receiptSigningKeys: [{ ...receipt, publicKey: `01${'00'.repeat(31)}` }] },
      { receiptSigningKeys: [{ ...receipt, publicKey: 'xx' }] },
      { e2eePublicKeys: [chain] },
      { e2eePublicKeys: [encryption] },
      { e2eePublicKeys: [encryption, { ...encryption, keyId: 'b' }, chain] },
      { e2eePublicKeys: [encryption, { ...chain, publicKey: '00' }] },
      { e2eePublicKeys: [{ ...encryption, publicKey: receipt.publicKey }, chain] },
    ];
    for (const change of wrong) {
      const { byName } = await outcomes(reportFor({ keyset: { ...keyset, ...change } }));
      expect(byName['keyset_roles'], JSON.stringify(change)).toBe('fail');
    }
  });

  it('measured configuration: missing or wrong fails, the chain view is said', async () => {
    for (const dcml of [undefined, {}, { ...encodeMeasuredConfiguration(configuration), version: 2 }]) {
      const compose = composeWith(dcml);
      const { verdict, byName } = await outcomes(reportFor({ appCompose: compose }));
      expect(byName['measured_configuration']).toBe('fail');
      expect(verdict.established).toBeNull();
    }
    const asserted = (await outcomes(reportFor())).verdict.claims.find(
      (claim) => claim.name === 'chain_view',
    );
    expect(asserted).toMatchObject({ outcome: 'unknown', source: 'operator_asserted', optional: true });
    const verified = composeWith(
      encodeMeasuredConfiguration({ ...configuration, chainView: 'verifier_derived' }),
    );
    expect((await outcomes(reportFor({ appCompose: verified }))).byName['chain_view']).toBe('pass');
  });

  it('a compose that the evidence does not prove is not read', async () => {
    const { byName } = await outcomes(reportFor(), { nonce: '4f'.repeat(32) });
    expect(byName['measured_configuration']).toBe('unknown');
    expect(byName['source_provenance']).not.toBe('pass');
  });

  it('a compose beside the evidence that no event measures is not read, though the evidence does not fail', async () => {
    const compose = appCompose.replace('{', '{"name":"unmeasured",');
    const { verdict, byName } = await outcomes(reportFor({ appCompose: compose }));
    expect(byName).toMatchObject({ report_data_bound: 'pass', measured_configuration: 'unknown' });
    expect(verdict.established).toBeNull();
  });

  it('provenance: the measured compose confirms it, contradicts it, or nothing does', async () => {
    const report = reportFor();
    const source = (
      provenance: AttestationReport['sourceProvenance'],
      change: Partial<VerifyReportOptions> = {},
    ) => outcomes({ ...report, sourceProvenance: provenance }, change);
    expect((await outcomes(report)).byName['source_provenance']).toBe('pass');
    const foreign = { ...report.sourceProvenance!, imageDigest: `sha256:${'00'.repeat(32)}` as const };
    expect((await source(foreign)).byName['source_provenance']).toBe('fail');
    expect((await source(null)).byName).toMatchObject({ source_provenance: 'pass', key_custody: 'pass' });
    const open = { policy: { ...policy, composeHashes: ['00'.repeat(32)] } };
    const unconfirmed = await source(null, open);
    expect(unconfirmed.byName).toMatchObject({ source_provenance: 'unknown', key_custody: 'unknown' });
    expect(unconfirmed.verdict.established).toBeNull();
    const registered = { ...open, registeredComposeHashes: [composeHash] };
    expect((await source(null, registered)).byName['key_custody']).toBe('pass');
    const ignored = { ...registered, policy: { ...open.policy, acceptRegisteredComposeHashes: false } };
    expect((await source(null, ignored)).byName['key_custody']).toBe('unknown');
    // Naming the right image does not make a foreign program an accepted one.
    expect((await outcomes(report, open)).byName['source_provenance']).toBe('unknown');
    // A policy that takes any program waives the check and says so.
    const any = await outcomes(report, { policy: { ...policy, composeHashes: null } });
    expect(any.byName).toMatchObject({ source_provenance: 'unknown', key_custody: 'unknown' });
    expect(any.verdict.established).not.toBeNull();
  });

  it('an aggregator is not what was asked for', async () => {
    for (const serving of ['aggregator', 'something']) {
      expect((await outcomes({ ...reportFor(), serving })).byName['serving_direct']).toBe('fail');
    }
  });

  it('evidence of another kind or shape fails and never throws: RECEIPT_EVIDENCE', async () => {
    const { evidence } = reportFor();
    const shapes: readonly JsonObject[] = [
      {},
      { ...evidence, quote: 'zz' },
      { ...evidence, event_log: '{' },
      { ...evidence, event_log: '{}' },
      { ...evidence, event_log: '[{"imr":3}]' },
      { ...evidence, event_log: '[{"imr":-1,"event_type":1,"digest":"","event":"","event_payload":""}]' },
      { quote: evidence['quote']!, event_log: evidence['event_log']! },
    ];
    for (const shape of shapes) {
      const { verdict, byName } = await outcomes({ ...reportFor(), evidence: shape });
      expect(byName['evidence_readable']).toBe('fail');
      expect(verdict.established).toBeNull();
    }
    expect(() => cpuEvidenceOf({ ...reportFor(), teeType: 'tpm' }, collateral)).toThrow(
      expect.objectContaining({ code: 'RECEIPT_EVIDENCE' }),
    );
  });
});

describe('attestation report', () => {
  const report = reportFor();
  const json = encodeReport(report);
  const refused = expect.objectContaining({ code: 'RECEIPT_REPORT' });
  const set = (path: readonly string[], value: JsonValue | undefined): JsonValue => {
    const copy = structuredClone(json) as Record<string, unknown>;
    let at = copy;
    for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
    if (value === undefined) delete at[path.at(-1)!];
    else at[path.at(-1)!] = value;
    return copy as JsonObject;
  };

  it('round trips, and takes members of other implementations', () => {
    expect(parseReport(JSON.stringify(json))).toEqual(report);
    expect(reportFromJson(set(['vendor'], 1))).toEqual(report);
    expect(reportFromJson(set(['service_capabilities', 'vendor'], 1))).toEqual(report);
    expect(reportFromJson(set(['attestation', 'source_provenance'], undefined)).sourceProvenance).toBeNull();
    const bare = { ...report, sourceProvenance: null };
    expect(reportFromJson(encodeReport(bare))).toEqual(bare);
  });

  it('is refused with a required member missing or of another type: RECEIPT_REPORT', () => {
    for (const path of [
      ['api_version'],
      ['workload_keyset_digest'],
      ['attestation'],
      ['attestation', 'tee_type'],
      ['attestation', 'workload_keyset'],
      ['attestation', 'report_data'],
      ['attestation', 'evidence'],
      ['service_capabilities'],
      ['service_capabilities', 'serving'],
      ['service_capabilities', 'supported_e2ee_versions'],
    ]) {
      const keysetCode =
        path.at(-1) === 'workload_keyset' ? expect.objectContaining({ code: 'RECEIPT_KEYSET' }) : refused;
      expect(() => reportFromJson(set(path, undefined)), path.join('.')).toThrow(refused);
      expect(() => reportFromJson(set(path, 1)), path.join('.')).toThrow(keysetCode);
    }
    expect(() => reportFromJson(set(['api_version'], 'aci/2'))).toThrow(refused);
    expect(() => reportFromJson(set(['service_capabilities', 'supported_e2ee_versions'], [2]))).toThrow(
      refused,
    );
    expect(() => reportFromJson(set(['attestation', 'source_provenance', 'image_digest'], 'abc'))).toThrow(
      refused,
    );
    expect(() => parseReport('{"a":1,"a":2}')).toThrow(refused);
  });
});

describe('measured configuration', () => {
  const json = encodeMeasuredConfiguration(configuration);
  const refused = expect.objectContaining({ code: 'RECEIPT_CONFIGURATION' });

  it('is the dcml member of the compose', () => {
    expect(parseMeasuredConfiguration(appCompose)).toEqual(configuration);
  });

  it('is refused with anything missing, unknown or wrong: RECEIPT_CONFIGURATION', () => {
    for (const name of Object.keys(json)) {
      const { [name]: _, ...rest } = json;
      expect(() => parseMeasuredConfiguration(composeWith(rest)), name).toThrow(refused);
      expect(() => parseMeasuredConfiguration(composeWith({ ...rest, [name]: true })), name).toThrow(refused);
    }
    for (const change of [
      { surprise: 1 },
      { models: [] },
      { models: ['0x00'] },
      { models: [1] },
      { chain_id: 0 },
      { chain_view: 'light_client' },
    ]) {
      expect(() => parseMeasuredConfiguration(composeWith({ ...json, ...change }))).toThrow(refused);
    }
    const twice = appCompose.replace('"dcml":', '"dcml":{},"dcml":');
    for (const text of ['', '[]', twice]) expect(() => parseMeasuredConfiguration(text)).toThrow(refused);
  });
});

describe('collateral as JSON', () => {
  it('round trips and is refused with anything missing or unknown: RECEIPT_COLLATERAL', () => {
    const json = encodeCollateral(collateral);
    expect(collateralFromJson(json)).toEqual(collateral);
    const refused = expect.objectContaining({ code: 'RECEIPT_COLLATERAL' });
    for (const name of Object.keys(json)) {
      const { [name]: _, ...rest } = json;
      expect(() => collateralFromJson(rest)).toThrow(refused);
    }
    expect(() => collateralFromJson({ ...json, surprise: '' })).toThrow(refused);
  });
});
