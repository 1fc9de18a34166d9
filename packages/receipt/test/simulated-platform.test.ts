import { defaultPolicy, type EvidencePolicy, encodeRuntimeEvents } from '@dcml/attest';
import { canonicalizeJson, decodeUtf8, encodeUtf8, systemRandom, toHex } from '@dcml/core';
import {
  createSimulatedGuest,
  createSimulatedVendor,
  issueSimulatedCollateral,
  simulatedChainPem,
  withSimulatedImage,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  type AttestationReport,
  attestationStatement,
  encodeArchive,
  encodeDstackEvidence,
  encodeReport,
  keysetDigest,
  parseReport,
  reportData,
  verifyArchive,
  verifyReport,
} from '../src/index.ts';
import { keyset, requestBody, responseBody, servedAt, signed } from './fixtures.ts';
import { appCompose, composeHash, imageDigest, nonce, nowMs } from './report-fixtures.ts';

const vendor = createSimulatedVendor({ random: systemRandom, nowMs });
const guest = createSimulatedGuest({ vendor, appCompose, random: systemRandom });
const collateral = issueSimulatedCollateral(vendor);
const policy: EvidencePolicy = withSimulatedImage({
  ...defaultPolicy,
  roots: [{ name: 'simulated', kind: 'intel', certificatePem: simulatedChainPem(vendor, 'root') }],
  composeHashes: [composeHash],
});

function report(): AttestationReport {
  const slot = reportData(attestationStatement(keysetDigest(keyset), nonce));
  return {
    keysetDigest: keysetDigest(keyset),
    teeType: 'tdx',
    keyset,
    reportData: toHex(slot.subarray(0, 32)),
    sourceProvenance: { repoUrl: null, repoCommit: null, imageDigest, imageProvenance: null },
    evidence: encodeDstackEvidence(
      toHex(guest.quote(slot)),
      encodeRuntimeEvents(guest.events()),
      guest.appCompose,
    ),
    supportedE2eeVersions: [],
    serving: 'direct',
  };
}

describe('a report of the simulated TEE, through the real evidence verifier', () => {
  const text = canonicalizeJson(encodeReport(report()));
  const options = { nonce, nowMs, policy, collateral };

  it('establishes the workload under a policy that names the simulated root', async () => {
    const verdict = await verifyReport(parseReport(text), options);
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.established?.composeHash).toBe(composeHash);
  });

  it('simulated evidence shown to a production verifier', async () => {
    const verdict = await verifyReport(parseReport(text), {
      ...options,
      policy: { ...defaultPolicy, composeHashes: [composeHash] },
    });
    expect(verdict).toMatchObject({ outcome: 'fail', simulated: true, established: null });
  });

  it('any altered character of the report is refused or establishes nothing', async () => {
    // Spread over the text, with the alteration depending on the place; each full verification takes some ms.
    const step = Math.ceil(text.length / 150);
    for (let at = 1; at < text.length; at += step) {
      const code = text.charCodeAt(at);
      const other =
        text.slice(0, at) + String.fromCharCode(code === 0x61 ? 0x62 : code ^ 1) + text.slice(at + 1);
      let parsed: AttestationReport;
      try {
        parsed = parseReport(other);
      } catch {
        continue;
      }
      // Members that nothing depends on may be renamed: then the report says the same as before.
      if (canonicalizeJson(encodeReport(parsed)) === text) continue;
      // These two are the service's own word and bound by nothing: see docs/protocol/aci.md.
      const bound = (one: AttestationReport): string =>
        JSON.stringify({ ...one, supportedE2eeVersions: [], sourceProvenance: null });
      if (bound(parsed) === bound(parseReport(text))) continue;
      expect((await verifyReport(parsed, options)).established, `character ${at}`).toBeNull();
    }
  });

  it('is archived with its receipt and verified offline a year later', async () => {
    const { receipt } = await signed();
    const archive = {
      receipt,
      report: report(),
      nonce,
      collateral,
      verifiedAt: servedAt,
      requestBody,
      responseBody,
    };
    const file = encodeArchive(archive);
    const verdict = await verifyArchive(encodeUtf8(decodeUtf8(file)), {
      policy,
      nowMs: nowMs + 365 * 86_400_000,
    });
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
  });
});
