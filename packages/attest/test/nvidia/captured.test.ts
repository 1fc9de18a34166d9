import { defaultPolicy, type EvidencePolicy, isVendorRoot, vendorRoots, verifyEvidence } from '@dcml/attest';
import { Fields, fromHex, parseJson, toHex } from '@dcml/core';
import { writeOcspResponse } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { readDeviceFacts } from '../../src/nvidia/device-facts.ts';
import { parseNrasAnswer } from '../../src/nvidia/nras-token.ts';
import { parseSpdmReport } from '../../src/nvidia/parse-report.ts';
import { parsePemCertificates } from '../../src/x509/pem.ts';
import {
  CAPTURE_MS,
  capturedDevice,
  capturedDevices,
  capturePolicy,
  hasCaptures,
  nonceOf,
  readCapture,
  verifyDevices,
} from './captured-devices.ts';
import { claimsWith, createdOcspIssuer, failures } from './simulated-devices.ts';

const withNvidia = (changes: Partial<EvidencePolicy['nvidia']>): EvidencePolicy => ({
  ...capturePolicy,
  nvidia: { ...capturePolicy.nvidia, ...changes },
});

describe.skipIf(!hasCaptures)('captured GPUs', () => {
  it.each([
    ['sdkut-hopperAttestationReport.txt', 'sdkut-hopperCertChain.txt', '580.159.03', '96.00.74.00.20'],
    [
      'sdkut-sample-hopperAttestationReportExpired.txt',
      'sdkut-sample-hopperCertChainExpired.txt',
      '570.124.03',
      '96.00.5E.00.04',
    ],
    ['coco-hopperAttestationReport.txt', 'coco-hopper_cert_chain_case1.txt', '550.90.07', '96.00.9F.00.01'],
    ['coco-hopper_coco_report1.txt', 'coco-hopper_coco_certs1.txt', '580.95.05', '96.00.74.00.1A'],
  ])('%s passes', async (report, chain, driverVersion, vbiosVersion) => {
    const device = capturedDevice('gpu', report, chain);
    const verdict = await verifyDevices([device]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: false });
    expect(verdict.measured).toMatchObject({
      devices: [{ chip: 'GH100', gpuMode: 'spt', driverVersion, vbiosVersion }],
    });
    const replayed = await verifyDevices([device], { expectedReportData: new Uint8Array(32) });
    expect(failures(replayed)).toEqual([expect.stringMatching(/^report_data_bound/)]);
  });

  it('of driver 535 pass but for the mode, which they do not state, and 12 measurements match', async () => {
    const device = capturedDevice(
      'gpu',
      'sdkut-sample-hopperAttestationReport.txt',
      'sdkut-sample-hopperCertChain.txt',
    );
    const xml = readCapture('nvtrust-1010_0200_882_96005E0001_PROD.swidtag');
    const verdict = await verifyDevices([device], {}, [{ xml, ocspResponses: [] }]);
    expect(failures(verdict)).toEqual([]);
    expect(claimsWith(verdict, 'unknown')).toEqual([
      'confidential_mode: devices[0]: the report does not state the mode',
    ]);
    expect(verdict).toMatchObject({
      simulated: false,
      measured: { devices: [{ driverVersion: '535.86.09' }] },
    });
  });

  it('are refused under a manifest that says otherwise', async () => {
    const device = capturedDevice(
      'gpu',
      'sdkut-sample-hopperAttestationReport.txt',
      'sdkut-sample-hopperCertChain.txt',
    );
    const xml = readCapture('sdkut-rim-NV_GPU_VBIOS_1010_0200_882_96005E0001_measurement_mismatch.xml');
    const verdict = await verifyDevices([device], {}, [{ xml, ocspResponses: [] }]);
    expect(failures(verdict)).toEqual([
      expect.stringMatching(/^measurements_match: devices\[0\]: measurement 9 is 7f3e/),
    ]);
  });

  it.each([
    ['gpu', 'sdkut-sample-hopperAttestationReportInvalidSignature.txt', 'sdkut-sample-hopperCertChain.txt'],
    [
      'switch',
      'sdkut-sample-switchAttestationReportInvalidSignature.txt',
      'sdkut-sample-switchCertChain.txt',
    ],
  ] as const)('%s with a wrong signature is refused', async (role, report, chain) => {
    const verdict = await verifyDevices([capturedDevice(role, report, chain)]);
    expect(failures(verdict)).toEqual(['report_signature: devices[0]: signature of the report is wrong']);
    expect(verdict.measured).toBeNull();
  });

  it.each([
    ['coco-hopper_cert_chain_case2.txt', /is not a leaf, a device identity and two CAs/],
    ['coco-hopper_cert_chain_case3.txt', /names another issuer/],
    ['coco-hopper_cert_chain_case4.txt', /is not a signing leaf/],
  ])('under %s, which lacks certificates, are refused', async (chain, reason) => {
    const verdict = await verifyDevices([capturedDevice('gpu', 'coco-hopperAttestationReport.txt', chain)]);
    expect(failures(verdict)).toEqual([expect.stringMatching(reason)]);
  });

  it.each([
    ['sdk-hopper_evidence.json', 1, 'ppcie'],
    ['sdkut-evidence_hopper_590_12.json', 1, 'ppcie'],
    ['sdk-hopper_evidence_cert_hold.json', 1, 'spt'],
    ['sdk-multi_gpu_hopper.json', 4, 'ppcie'],
    ['ppcie-gpu_evidence.json', 8, 'ppcie'],
  ])('of %s pass, %i in number', async (name, count, gpuMode) => {
    const { devices, nonces } = capturedDevices(name);
    expect(devices).toHaveLength(count);
    for (const [i, device] of devices.entries()) expect(toHex(nonceOf(device))).toBe(nonces[i]);
    const policy = withNvidia({ minGpus: count });
    const verdict = await verifyDevices(devices, { policy });
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: false });
    expect(
      verdict.measured?.kind === 'nvidia' &&
        verdict.measured.devices.every((device) => device.gpuMode === gpuMode),
    ).toBe(true);
    expect((await verifyDevices(devices, { policy: withNvidia({ minGpus: count + 1 }) })).outcome).toBe(
      'fail',
    );
    // The default policy wants revocation and manifests, which the files do not have.
    expect((await verifyDevices(devices, { policy: defaultPolicy })).outcome).toBe('unknown');
  });

  it('of two hosts are no set', async () => {
    const host = capturedDevices('ppcie-gpu_evidence.json').devices;
    const other = capturedDevices('sdk-hopper_evidence_cert_hold.json').devices;
    const failed = failures(await verifyDevices([...host, ...other]));
    expect(failed.map((text) => text.split(':')[0])).toEqual(
      expect.arrayContaining(['one_nonce', 'confidential_mode', 'topology_consistent', 'report_data_bound']),
    );
    expect(failures(await verifyDevices([...host, host[0]!]))).toEqual([
      'devices_distinct: devices[0] and devices[8] are one device',
    ]);
  });

  it('do not pass with parts of each other', async () => {
    const devices = capturedDevices('sdk-multi_gpu_hopper.json').devices;
    for (const [i, device] of devices.entries()) {
      const other = devices[(i + 1) % devices.length]!;
      const mixed = { ...device, certificateChainPem: other.certificateChainPem };
      expect(failures(await verifyDevices([mixed]))).toEqual([
        'report_signature: devices[0]: signature of the report is wrong',
      ]);
      const certificates = (pem: string) => pem.split(/(?<=-----END CERTIFICATE-----\n)/);
      const spliced = [
        certificates(device.certificateChainPem)[0],
        ...certificates(other.certificateChainPem).slice(1),
      ].join('');
      expect(failures(await verifyDevices([{ ...device, certificateChainPem: spliced }]))[0]).toMatch(
        /^device_chain/,
      );
    }
  });

  it('on hold are refused only by an OCSP response, which nobody but the issuer can make', async () => {
    const [device] = capturedDevices('sdk-hopper_evidence_cert_hold.json').devices;
    const forged = writeOcspResponse({
      issuer: createdOcspIssuer,
      serial: fromHex('41ad48ff92cdc93d9a'),
      thisUpdateMs: CAPTURE_MS - 1000,
      nextUpdateMs: CAPTURE_MS + 1000,
    });
    const verdict = await verifyDevices([{ ...device!, ocspResponses: [forged] }], {
      policy: withNvidia({ requireOcsp: true }),
    });
    expect(verdict.outcome).toBe('unknown');
  });
});

describe.skipIf(!hasCaptures)('captured switches', () => {
  it.each([
    ['sdkut-switchAttestationReport.txt', 'sdkut-switchCertChain.txt'],
    ['sdkut-sample-switchAttestationReport.txt', 'sdkut-sample-switchCertChain.txt'],
  ])('%s passes', async (report, chain) => {
    const verdict = await verifyDevices([capturedDevice('switch', report, chain)]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: false });
    expect(verdict.measured).toMatchObject({
      devices: [{ role: 'switch', chip: 'LS_10', vbiosVersion: '96.10.55.00.01' }],
    });
  });

  it('in the file of one pass; the file of four holds one switch four times', async () => {
    expect((await verifyDevices(capturedDevices('sdk-switch_evidence_ls10.json').devices)).outcome).toBe(
      'pass',
    );
    const { devices } = capturedDevices('sdk-multi_switch_ls10.json');
    expect(devices).toHaveLength(4);
    for (const device of devices) expect((await verifyDevices([device])).outcome).toBe('pass');
    expect(failures(await verifyDevices(devices))).toEqual([
      'devices_distinct: devices[0] and devices[1] are one device',
    ]);
  });

  it('measure what their manifest says', async () => {
    const device = capturedDevice('switch', 'sdkut-switchAttestationReport.txt', 'sdkut-switchCertChain.txt');
    const xml = readCapture('sdkut-switchVBIOSRim_NV_SWITCH_BIOS_5612_0002_890_9610550001.xml');
    const verdict = await verifyDevices(
      [device],
      { nowMs: Date.parse('2026-06-01'), policy: withNvidia({ requireRims: true }) },
      [{ xml, ocspResponses: [] }],
    );
    expect(claimsWith(verdict, 'fail')).toEqual([]);
    expect(verdict.outcome).toBe('pass');
  });
});

describe.skipIf(!hasCaptures)('captured fields', () => {
  const hexOf = (text: string): string => text.slice(2).toLowerCase();

  it('are those that the SDK reads', () => {
    for (const [role, report, parsed] of [
      ['gpu', 'sdkut-hopperAttestationReport.txt', 'sdkut-spdm_parsed_output.json'],
      ['switch', 'sdkut-switchAttestationReport.txt', 'sdkut-switch_spdm_parsed_output.json'],
    ] as const) {
      const ours = parseSpdmReport(fromHex(readCapture(report).trim()));
      const theirs = new Fields(parseJson(readCapture(parsed)), parsed);
      expect(toHex(ours.deviceNonce)).toBe(hexOf(theirs.string('Nonce')));
      expect(toHex(ours.signature)).toBe(hexOf(theirs.string('Signature')));
      const blocks = theirs.object('MeasurementRecord').object('MeasurementBlocks');
      expect(ours.blocks.map(({ index }) => String(index))).toEqual(blocks.names);
      for (const { index, type, value } of ours.blocks) {
        const block = blocks.object(String(index));
        expect(block.integer('DMTFSpecMeasurementValueType', 0, 255)).toBe(type);
        expect(hexOf(block.string('DMTFSpecMeasurementValue'))).toBe(toHex(value));
      }
      const fields = theirs.object('OpaqueData').object('OpaqueDataField');
      expect(toHex(ours.opaque.get(6)!)).toBe(hexOf(fields.string('OPAQUE_FIELD_ID_VBIOS_VERSION')));
      const facts = readDeviceFacts(role, ours.opaque);
      if (role === 'gpu') expect(facts.firmwareId).toBe(hexOf(fields.string('OPAQUE_FIELD_ID_FWID')));
      else {
        expect(facts.ownPdi).toBe(hexOf(fields.string('OPAQUE_FIELD_ID_DEVICE_PDI')));
        const pdis = fields.array('OPAQUE_FIELD_ID_SWITCH_GPU_PDIS').map((pdi) => hexOf(pdi as string));
        expect(facts.links).toEqual([...new Set(pdis)]);
      }
    }
  });

  it('are those that trustee reads', () => {
    const claims = new Fields(parseJson(readCapture('coco-hopperAttestationReport-claims.txt')), 'claims');
    const ours = parseSpdmReport(fromHex(readCapture('coco-hopperAttestationReport.txt').trim()));
    const facts = readDeviceFacts('gpu', ours.opaque);
    const config = claims.object('config');
    expect(facts).toMatchObject({
      driverVersion: config.string('driver_version'),
      vbiosVersion: config.string('vbios_version').toUpperCase(),
      project: config.string('project'),
      projectSku: config.string('project_sku'),
      chipSku: config.string('chip_sku'),
      firmwareId: config.string('fwid'),
    });
    const measurements = claims.object('measurements');
    for (const { index, value } of ours.blocks) expect(measurements.string(String(index))).toBe(toHex(value));
  });

  it('include the root that the code knows', () => {
    const [der] = parsePemCertificates(readCapture('root-verifier_device_root.pem'), 'root', 1);
    expect(isVendorRoot(der!, 'nvidia-device')).toBe(true);
    expect(vendorRoots.map(({ kind }) => kind)).toContain('nvidia-device');
  });
});

describe.skipIf(!hasCaptures)('captured tokens', () => {
  const policy: EvidencePolicy = { ...defaultPolicy, kinds: ['nras'] };
  // The keys of 2025 are not among the captures, so nothing more than the form and the digests can be checked.
  it.each([
    [
      'sdkut-sample-hopperClaimsv3_detached_eat.json',
      'GPU-0',
      'https://nras.attestation.nvidia.com',
      'GH100 A01 GSP BROM',
    ],
    [
      'sdkut-sample-switch_detached_eat.json',
      'SWITCH-0',
      'https://nras.attestation-stg.nvidia.com',
      'LS_10 A01 FSP BROM',
    ],
  ])('%s are readable, and bound to each other', async (name, device, issuer, model) => {
    const answer = parseNrasAnswer(readCapture(name));
    expect(answer).toMatchObject({ overallResult: true, claims: { issuer }, jws: { algorithm: 'ES384' } });
    expect(answer.devices?.map((token) => token.name)).toEqual([device]);
    expect(answer.digests?.get(device)).toBe(answer.devices?.[0]?.digest);
    expect(answer.devices?.[0]?.members).toMatchObject({
      hwmodel: model,
      dbgstat: 'disabled',
      secboot: true,
    });
    const decoded = parseJson(
      readCapture(
        name.includes('switch')
          ? 'sdkut-sample-switch_decoded.json'
          : 'sdkut-sample-hopperClaimsv3_decoded.json',
      ),
    );
    expect({ [device]: answer.devices?.[0]?.members }).toEqual(decoded);
    const verdict = await verifyEvidence(
      { kind: 'nras', token: readCapture(name), jwks: '{"keys":[]}' },
      { policy, expectedReportData: answer.claims.nonce, nowMs: answer.claims.issuedAtMs },
    );
    expect(failures(verdict)).toEqual([
      expect.stringMatching(/^token_signature: token: the key set has no key "nv-eat-kid-/),
    ]);
    expect(verdict.measured).toBeNull();
  });

  it('of a local verifier are unsigned, and refused for it', async () => {
    const file = new Fields(parseJson(readCapture('dstack-gpu_attestation_h100.json')), 'file');
    const token = JSON.stringify(file.array('detached_eat'));
    const verdict = await verifyEvidence(
      { kind: 'nras', token, jwks: '{"keys":[]}' },
      { policy, nowMs: CAPTURE_MS },
    );
    expect(failures(verdict)).toEqual([
      expect.stringMatching(/^token_format: token header.alg: expected one of ES256, ES384/),
    ]);
  });
});
