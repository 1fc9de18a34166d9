import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  defaultPolicy,
  type EvidencePolicy,
  type PolicyRoot,
  type TpmEvidence,
  verifyEvidence,
} from '@dcml/attest';
import { decodeUtf8, encodeUtf8, fromBase64, fromHex, sha256, systemRandom, toHex } from '@dcml/core';
import {
  type AmdCollateral,
  type Collateral,
  encodeMeasuredConfiguration,
  parseReport,
  verifyReport,
  type WorkloadKeyset,
} from '@dcml/receipt';
import {
  createNvidiaDevice,
  createNvidiaVendor,
  createSimulatedAmdVendor,
  createSimulatedTpm,
  createSimulatedVendor,
  issueSimulatedCollateral,
  issueSimulatedSnpCollateral,
  issueTpmCrl,
  signSimulatedQuote,
  signSimulatedSnpReport,
  simulatedChainPem,
  simulatedImage,
  simulatedLaunchDigest,
  toPem,
  writeNvidiaReport,
} from '@dcml/testing';
import { isSwtpmInstalled, startSwtpm } from '@dcml/testing/evidence-source';
import { afterEach, describe, expect, it } from 'vitest';
import { createConfigfsTsmSource, type TsmProvider } from '../../src/evidence/configfs-tsm.ts';
import type { EvidenceSource } from '../../src/evidence/evidence-source.ts';
import { createTpmSource } from '../../src/evidence/tpm-source.ts';
import { bindKeysetToDevices } from '../../src/report/bound-keyset.ts';
import { ReportDesk } from '../../src/report/report-desk.ts';
import { attestationKeyTemplate, createPrimary } from '../../src/tpm/attestation-key.ts';
import { flushContext } from '../../src/tpm/flush-context.ts';
import { createSocketTransport } from '../../src/tpm/socket-transport.ts';
import { Tpm } from '../../src/tpm/tpm.ts';
import { TpmReader } from '../../src/tpm/tpm-reader.ts';
import { FakeTsm } from './fake-tsm.ts';
import { type TsmPlatform, tsmPlatform } from './fake-tsm-platforms.ts';

const never = new AbortController().signal;

const NOW_MS = Date.parse('2026-11-01T12:00:00Z');
const ADDRESS = `0x${'c0'.repeat(20)}` as const;
const COMPOSE = JSON.stringify({
  dcml: encodeMeasuredConfiguration({
    version: 1,
    chainId: 31337,
    channelsContract: ADDRESS as never,
    registryContract: ADDRESS as never,
    models: [`0x${'3a'.repeat(32)}` as never],
    chainView: 'operator_asserted',
    engine: 'llama',
  }),
});
const composeHash = sha256(encodeUtf8(COMPOSE));
const nonce = '4e'.repeat(32);
const keys: WorkloadKeyset = {
  subject: null,
  notAfter: NOW_MS / 1000 + 3600,
  receiptSigningKeys: [
    {
      keyId: 'r',
      algo: 'ed25519',
      publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    },
  ],
  e2eePublicKeys: [
    { keyId: 'e', algo: 'ehbp-x25519-hkdf-sha256-aes-256-gcm', publicKey: '5a'.repeat(32) },
    { keyId: 'c', algo: 'secp256k1-evm-address', publicKey: '7b'.repeat(20) },
  ],
  tlsPublicKeys: [{ spkiSha256: 'c0'.repeat(32) }],
};

const intel = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
const amd = createSimulatedAmdVendor({ random: systemRandom, nowMs: NOW_MS });
const nvidia = createNvidiaVendor({ nowMs: NOW_MS });
const gpu = createNvidiaDevice(nvidia);

function policyWith(roots: readonly PolicyRoot[]): EvidencePolicy {
  return {
    ...defaultPolicy,
    roots: [...roots, { name: 'simulated GPUs', kind: 'nvidia-device', certificatePem: nvidia.rootPem }],
    composeHashes: [toHex(composeHash)],
    intel: { ...defaultPolicy.intel, ...simulatedImage },
    amd: { ...defaultPolicy.amd, launchDigests: [toHex(simulatedLaunchDigest)] },
    nvidia: { ...defaultPolicy.nvidia, minGpus: 1, requireRims: false, requireOcsp: false },
  };
}

/** The GPU of this machine: it signs whatever nonce it is asked for. */
const withGpu = (source: EvidenceSource): EvidenceSource => ({
  ...source,
  devices: async (challenge) => [
    { role: 'gpu', report: writeNvidiaReport(gpu, { nonce: challenge }), certificateChainPem: gpu.chainPem },
  ],
});

let platform: TsmPlatform | undefined;
afterEach(async () => {
  await platform?.dispose();
  platform = undefined;
});

async function reportOf(files: FakeTsm, provider: TsmProvider): Promise<string> {
  platform = await tsmPlatform(files, provider);
  await writeFile(platform.composeFile, COMPOSE);
  const source = withGpu(
    createConfigfsTsmSource({
      files,
      random: systemRandom,
      provider,
      reportDirectory: '/report',
      registerDirectory: '/registers',
      composeFile: platform.composeFile,
      privilegeLevel: null,
      deadlineMs: 10_000,
    }),
  );
  const { keyset, devices } = await bindKeysetToDevices(keys, source, never);
  const { appCompose } = await source.info(never);
  return decodeUtf8(await new ReportDesk({ keyset, devices, source, appCompose }).report(nonce, never));
}

async function judge(text: string, policy: EvidencePolicy, collateral: Collateral) {
  return verifyReport(parseReport(text), { nonce, nowMs: NOW_MS, policy, collateral });
}

describe('from the platform to the client, under simulated vendors', () => {
  it('TDX by configfs-tsm, with a GPU', async () => {
    const mrConfigId = new Uint8Array(48);
    mrConfigId.set([1, ...composeHash]);
    const files = new FakeTsm({
      provider: 'tdx_guest',
      makeReport: (reportData) => signSimulatedQuote(intel, { td: { reportData, mrConfigId } }),
    });
    const root = { name: 'Intel', kind: 'intel', certificatePem: simulatedChainPem(intel, 'root') } as const;
    const text = await reportOf(files, 'tdx_guest');
    const verdict = await judge(text, policyWith([root]), issueSimulatedCollateral(intel));
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.established?.keyset.e2eePublicKeys.at(-1)?.keyId).toBe('devices-1');
  });

  it('SEV-SNP by configfs-tsm, with a GPU', async () => {
    const files = new FakeTsm({
      provider: 'sev_guest',
      makeReport: (reportData) =>
        signSimulatedSnpReport(amd, 3, { fields: { reportData, hostData: composeHash } }),
    });
    const collateral: AmdCollateral = { kind: 'amd', ...issueSimulatedSnpCollateral(amd) };
    const root = { name: 'AMD', kind: 'amd', certificatePem: toPem(amd.certificates.root) } as const;
    const text = await reportOf(files, 'sev_guest');
    const verdict = await judge(text, policyWith([root]), collateral);
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
  });
});

describe('an instance and its devices', () => {
  const bare: EvidenceSource = {
    info: async () => ({ teeType: 'tdx', appCompose: '', simulated: true }),
    quote: async () => ({ teeType: 'tdx', evidence: {} }),
  };

  it('has none without a collector, and does not start when the collector finds none or fails', async () => {
    expect(await bindKeysetToDevices(keys, bare, never)).toEqual({ keyset: keys, devices: null });
    const none = bindKeysetToDevices(keys, { ...bare, devices: async () => [] }, never);
    await expect(none).rejects.toMatchObject({ code: 'ENCLAVE_PLATFORM' });
  });

  it('asks its devices with the nonce of its own keys', async () => {
    const asked: string[] = [];
    const source = withGpu(bare);
    const recording: EvidenceSource = {
      ...source,
      devices: (challenge, signal) => {
        asked.push(toHex(challenge));
        return source.devices!(challenge, signal);
      },
    };
    await bindKeysetToDevices(keys, recording, never);
    await bindKeysetToDevices({ ...keys, notAfter: 1 }, recording, never);
    expect(new Set(asked).size).toBe(2);
  });
});

/** DER of the SubjectPublicKeyInfo of a P-256 `TPMT_PUBLIC`. */
function spkiOf(publicArea: Uint8Array): Uint8Array {
  const point = new TpmReader(publicArea.subarray(-68));
  const coordinate = (): string => Buffer.from(point.sized()).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(), y: coordinate() };
  return new Uint8Array(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' }));
}

describe.skipIf(!isSwtpmInstalled())('a TPM quote of the enclave, through the real verifier', () => {
  it('passes under the root of its certificate, and not over other data', async () => {
    const swtpm = await startSwtpm('canary');
    const tpm = new Tpm(createSocketTransport(swtpm.socketPath));
    const key = await createPrimary(tpm, attestationKeyTemplate(), never);
    await flushContext(tpm, key.handle, never);
    await tpm.close();
    const maker = createSimulatedTpm({ random: systemRandom, nowMs: NOW_MS, akSpki: spkiOf(key.publicArea) });
    const { ak, ca, root } = maker.certificates;
    const certificateFile = join(swtpm.directory, 'ak.pem');
    await writeFile(certificateFile, [ak, ca, root].map(toPem).join(''));
    const source = createTpmSource({
      transport: createSocketTransport(swtpm.socketPath),
      key: { kind: 'primary' },
      certificateFile,
      composeFile: certificateFile,
      pcrs: [0, 7, 23],
      deadlineMs: 10_000,
    });
    const reportData = new Uint8Array(64).fill(0x77);
    const { evidence } = await source.quote(reportData, never);
    await swtpm.close();
    const pcrs = evidence['pcrs'] as Record<string, string>;
    const quoted: TpmEvidence = {
      kind: 'tpm',
      quote: {
        message: fromBase64(evidence['message_b64'] as string),
        signature: fromBase64(evidence['signature_b64'] as string),
        bank: 'sha256',
        pcrs: new Map(Object.entries(pcrs).map(([pcr, value]) => [Number(pcr), fromHex(value)])),
      },
      akChainPem: evidence['ak_chain_pem'] as string,
      crlsHex: [issueTpmCrl(maker, 'ca'), issueTpmCrl(maker, 'root')],
    };
    const policy: EvidencePolicy = {
      ...defaultPolicy,
      kinds: ['tpm'],
      roots: [{ name: 'simulated TPM', kind: 'tpm', certificatePem: toPem(root) }],
      composeHashes: null,
    };
    const verify = (expectedReportData: Uint8Array) =>
      verifyEvidence(quoted, { policy, expectedReportData, nowMs: NOW_MS });
    const verdict = await verify(sha256(reportData));
    expect(verdict.claims.filter((claim) => claim.outcome === 'fail')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect((await verify(sha256(new Uint8Array(64)))).outcome).toBe('fail');
  });
});
