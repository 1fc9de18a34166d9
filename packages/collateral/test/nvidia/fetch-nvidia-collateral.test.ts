import { defaultPolicy, type EvidencePolicy, type NvidiaEvidence, verifyEvidence } from '@dcml/attest';
import { sha256, toBase64, toHex } from '@dcml/core';
import {
  createNvidiaDevice,
  createNvidiaVendor,
  createRimSigner,
  createSigningKey,
  type OcspIssuer,
  type RimFields,
  simulatedDriverVersion,
  simulatedGpuVbios,
  simulatedSwitchVbios,
  writeNvidiaReport,
  writeRim,
} from '@dcml/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchNvidiaCollateral, type NvidiaFetchOptions, openCollateralCache } from '../../src/index.ts';
import { rimPlan } from '../../src/nvidia/rim-plan.ts';
import { type FakeService, startFakeService } from '../fake-service.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { type FakeNvidia, fakeNvidiaRoute } from './fake-nvidia.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const vendor = createNvidiaVendor({ nowMs: NOW_MS });
const rimSigner = createRimSigner({ nowMs: NOW_MS });
const gpu = createNvidiaDevice(vendor);
const nvSwitch = createNvidiaDevice(vendor, { architecture: 'ls10' });
const policy: EvidencePolicy = {
  ...defaultPolicy,
  roots: [
    { name: 'devices', kind: 'nvidia-device', certificatePem: vendor.rootPem },
    { name: 'manifests', kind: 'nvidia-rim', certificatePem: rimSigner.rootPem },
  ],
};
const value = 'd1'.repeat(48);
const nonce = new Uint8Array(32).fill(7);
const evidence: NvidiaEvidence = {
  kind: 'nvidia',
  devices: [gpu, gpu, nvSwitch].map((device) => ({
    role: device.role,
    report: writeNvidiaReport(device, { nonce, measurements: { 2: value } }),
    certificateChainPem: device.chainPem,
    ocspResponses: [],
  })),
  rims: [],
};

/** One GPU is enough to see what is refused. */
const one: NvidiaEvidence = { ...evidence, devices: evidence.devices.slice(0, 1) };

const rimSubjects = [
  ['series', 'dcml SIMULATED Reference Value L3 - not hardware'],
  ['product', 'dcml SIMULATED Reference Value CA - not hardware'],
  ['root', 'dcml SIMULATED CoRIM signing Root CA - not hardware'],
] as const;
const issuers = new Map<string, OcspIssuer>([
  [toHex(gpu.serials[1]), vendor.provisioners.hopper],
  [toHex(nvSwitch.serials[1]), vendor.provisioners.ls10],
  [toHex(vendor.provisioners.hopper.serial), vendor.ca],
  [toHex(vendor.provisioners.ls10.serial), vendor.ca],
  [toHex(vendor.ca.serial), vendor.root],
  ...rimSubjects.map(([role, subject], i): [string, OcspIssuer] => [
    toHex(rimSigner.serials[i]!),
    { subject, key: rimSigner.keys[role] },
  ]),
]);
const manifest = (fields: Partial<RimFields> & Pick<RimFields, 'kind' | 'version'>): string =>
  writeRim({ measurements: [{ index: 1, values: [value] }], ...fields }, rimSigner);
const driverId = `NV_GPU_DRIVER_GH100_${simulatedDriverVersion}`;
const rims = new Map([
  [driverId, manifest({ kind: 'driver', version: simulatedDriverVersion })],
  [
    'vbios',
    manifest({ kind: 'vbios', version: simulatedGpuVbios, measurements: [{ index: 2, values: [value] }] }),
  ],
  ['switch', manifest({ kind: 'switch-bios', version: simulatedSwitchVbios })],
]);
/** Board names are in the ids of firmware: whatever is asked for with such a prefix is it. */
const published = new Map(rims);
const sound: FakeNvidia = {
  issuers,
  rims: {
    get: (id: string) =>
      published.get(
        id.startsWith('NV_GPU_VBIOS_') ? 'vbios' : id.startsWith('NV_SWITCH_BIOS_') ? 'switch' : id,
      ),
  } as ReadonlyMap<string, string>,
  window: { thisUpdateMs: NOW_MS - HOUR_MS, nextUpdateMs: NOW_MS + 12 * HOUR_MS },
};

let nvidia: FakeService;
let current = sound;
beforeAll(async () => {
  nvidia = await startFakeService(fakeNvidiaRoute(() => current));
});
afterAll(() => nvidia.close());
beforeEach(() => {
  nvidia.fault = undefined;
  nvidia.asked.length = 0;
  current = sound;
  for (const [id, xml] of rims) published.set(id, xml);
});

function options(special: Partial<NvidiaFetchOptions> = {}): NvidiaFetchOptions {
  return {
    policy,
    nowMs: NOW_MS,
    signal: new AbortController().signal,
    service: { ocspUrl: `${nvidia.url}/ocsp`, rimUrl: nvidia.url },
    timeoutMs: 5000,
    ...special,
  };
}
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('NVIDIA services', () => {
  it('complete the evidence of two GPUs and a switch; each document is asked for once', async () => {
    const { collateral, documents } = await fetchNvidiaCollateral(evidence, options());
    expect(collateral.devices.map(({ ocspResponses }) => ocspResponses.length)).toEqual([3, 3, 3]);
    expect(collateral.rims.map(({ xml }) => xml)).toEqual([...rims.values()]);
    expect(collateral.rims.map(({ ocspResponses }) => ocspResponses.length)).toEqual([3, 3, 3]);
    // Two devices, two provisioners, one CA; the manifests' signer and two CAs; three manifests.
    expect(documents).toHaveLength(5 + 3 + 3);
    expect(nvidia.asked).toHaveLength(11);
    const gpus = { ...collateral, devices: collateral.devices.slice(0, 1) };
    const verdict = await verifyEvidence(gpus, { policy, nowMs: NOW_MS, expectedReportData: nonce });
    const outcomes = new Map(verdict.claims.map(({ name, outcome }) => [name, outcome]));
    for (const name of ['rims_authentic', 'rims_not_revoked']) expect(outcomes.get(name), name).toBe('pass');
  });

  it('an answer of revoked is passed on and kept: the verifier draws the conclusion', async () => {
    current = { ...sound, deviation: { status: { revoked: 1 } } };
    const cache = await openCollateralCache(temporaryDirectory());
    await fetchNvidiaCollateral(one, options({ cache }));
    current = { ...sound, window: { thisUpdateMs: NOW_MS - 2 * HOUR_MS, nextUpdateMs: NOW_MS + HOUR_MS } };
    const older = fetchNvidiaCollateral(one, options({ cache, mode: 'refresh' }));
    await expect(older).rejects.toThrow(code('COLLATERAL_ROLLBACK'));
    const { collateral } = await fetchNvidiaCollateral(one, options({ cache, mode: 'offline' }));
    const verdict = await verifyEvidence(collateral, { policy, nowMs: NOW_MS });
    expect(
      verdict.claims.some(({ outcome, reason }) => outcome === 'fail' && reason.includes('revoked')),
    ).toBe(true);
  });

  it('responses without an end count for as long as the policy lets evidence be old', async () => {
    current = { ...sound, window: { thisUpdateMs: NOW_MS - HOUR_MS, nextUpdateMs: null } };
    const cache = await openCollateralCache(temporaryDirectory());
    await fetchNvidiaCollateral(one, options({ cache }));
    const later = NOW_MS + 24 * HOUR_MS;
    const offline = fetchNvidiaCollateral(one, options({ cache, nowMs: later, mode: 'offline' }));
    await expect(offline).rejects.toThrow(code('COLLATERAL_OFFLINE'));
  });

  const key = createSigningKey('ecdsa-sha384');
  const old = { thisUpdateMs: NOW_MS - 3 * DAY_MS, nextUpdateMs: NOW_MS - DAY_MS };
  const refusals: readonly (readonly [string, string, () => void])[] = [
    [
      'a response signed by another',
      'COLLATERAL_UNAUTHENTIC',
      () => {
        current = { ...sound, deviation: { signingKey: key } };
      },
    ],
    [
      'a response about another certificate',
      'COLLATERAL_UNAUTHENTIC',
      () => {
        current = { ...sound, deviation: { serial: Uint8Array.of(9) } };
      },
    ],
    [
      'an expired response',
      'COLLATERAL_EXPIRED',
      () => {
        current = { ...sound, window: old };
      },
    ],
    [
      'a response of the future',
      'COLLATERAL_EXPIRED',
      () => {
        current = { ...sound, deviation: { producedAtMs: NOW_MS + 1000 } };
      },
    ],
    [
      'a responder that refuses',
      'COLLATERAL_ANSWER',
      () => {
        current = { ...sound, issuers: new Map([['00', vendor.ca]]) };
      },
    ],
    [
      'HTML for a response',
      'COLLATERAL_ANSWER',
      () => {
        nvidia.fault = ({ url }) => (url.pathname === '/ocsp' ? { body: '<html>' } : undefined);
      },
    ],
    [
      'an unknown manifest',
      'COLLATERAL_UNKNOWN',
      () => {
        published.delete(driverId);
      },
    ],
    [
      'a manifest that was changed',
      'COLLATERAL_UNAUTHENTIC',
      () => {
        published.set(driverId, rims.get(driverId)!.replace('GH100', 'GH101'));
      },
    ],
    [
      'another driver’s manifest',
      'COLLATERAL_UNAUTHENTIC',
      () => {
        published.set(driverId, manifest({ kind: 'driver', version: '1.2.3' }));
      },
    ],
    [
      'a VBIOS for a driver',
      'COLLATERAL_UNAUTHENTIC',
      () => {
        published.set(driverId, rims.get('vbios')!);
      },
    ],
  ];
  for (const [name, expected, spoil] of refusals) {
    it(`${name}: ${expected}, and nothing of it is kept`, async () => {
      spoil();
      const cache = await openCollateralCache(temporaryDirectory());
      await expect(fetchNvidiaCollateral(one, options({ cache }))).rejects.toThrow(code(expected));
      current = sound;
      nvidia.fault = undefined;
      for (const [id, xml] of rims) published.set(id, xml);
      const { collateral } = await fetchNvidiaCollateral(one, options({ cache }));
      expect(collateral.rims.map(({ xml }) => xml)).toEqual([...rims.values()].slice(0, 2));
    });
  }

  const file = Buffer.from(rims.get(driverId)!);
  const answers: readonly (readonly [string, unknown])[] = [
    ['a wrong SHA-256', { id: driverId, rim: toBase64(file), sha256: '00'.repeat(32) }],
    ['no SHA-256', { id: driverId, rim: toBase64(file) }],
    ['another id', { id: 'NV_GPU_DRIVER_GH100_1', rim: toBase64(file), sha256: toHex(sha256(file)) }],
    ['broken base64', { id: driverId, rim: '***', sha256: '00'.repeat(32) }],
    ['no object', []],
  ];
  for (const [name, answer] of answers) {
    it(`a manifest with ${name} is no answer`, async () => {
      nvidia.fault = ({ url }) =>
        url.pathname.endsWith(driverId) ? { body: JSON.stringify(answer) } : undefined;
      await expect(fetchNvidiaCollateral(one, options())).rejects.toThrow(code('COLLATERAL_ANSWER'));
    });
  }

  it('asks nothing for devices of another vendor, or that cannot be read', async () => {
    const foreign = {
      ...policy,
      roots: [{ ...policy.roots[0]!, certificatePem: createNvidiaVendor({ nowMs: NOW_MS }).rootPem }],
    };
    const other = fetchNvidiaCollateral(one, options({ policy: foreign }));
    await expect(other).rejects.toThrow(code('COLLATERAL_UNAUTHENTIC'));
    const forged = createNvidiaDevice(vendor, { identityIssuerKey: createSigningKey('ecdsa-sha384') });
    const chain = { ...evidence.devices[0]!, certificateChainPem: forged.chainPem };
    await expect(fetchNvidiaCollateral({ ...evidence, devices: [chain] }, options())).rejects.toThrow(
      code('COLLATERAL_UNAUTHENTIC'),
    );
    const broken = { ...evidence, devices: [{ ...evidence.devices[0]!, report: new Uint8Array(3) }] };
    await expect(fetchNvidiaCollateral(broken, options())).rejects.toThrow(code('COLLATERAL_INPUT'));
    expect(nvidia.asked).toEqual([]);
  });

  it('asks for no manifest by an id that could be another path', () => {
    for (const id of ['../ids', 'a/b', '', '.hidden', 'x'.repeat(129), 'a?b']) {
      const wanted = { id, kind: 'driver', product: 'GH100', edition: 'GPU', version: '1' } as const;
      expect(() => rimPlan({}, wanted, policy), id).toThrow(code('COLLATERAL_INPUT'));
    }
  });
});
