import { concatBytes, fromHex } from '@dcml/core';
import { createNvidiaDevice, createNvidiaVendor, createSigningKey, toPem } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  blackwell,
  blackwellRims,
  claimsWith,
  DAY_MS,
  evidenceOf,
  failures,
  goodResponses,
  hopper,
  hopperRims,
  makeDevice,
  makeHost,
  NOW_MS,
  nonce,
  policy,
  rim,
  switchRim,
  vbiosGolden,
  vendor,
  verifyDevices,
  withNvidia,
} from './simulated-devices.ts';

const host = makeHost();
const hostRims = [...hopperRims, switchRim];
const onlySignatures = withNvidia({ requireRims: false, requireOcsp: false });

describe('a sound set of devices', () => {
  it.each([
    ['one Hopper GPU', [evidenceOf(hopper)], hopperRims],
    ['one Blackwell GPU', [evidenceOf(blackwell)], blackwellRims],
    ['a host of eight GPUs and four switches', host.devices, hostRims],
  ])('passes: %s', async (_, devices, rims) => {
    const verdict = await verifyDevices(devices, {}, rims);
    expect(claimsWith(verdict, 'fail')).toEqual([]);
    expect(claimsWith(verdict, 'unknown')).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.some((claim) => claim.source === 'hardware_proven')).toBe(false);
  });

  it('is measured device by device', async () => {
    const { measured } = await verifyDevices([evidenceOf(hopper)]);
    expect(measured).toMatchObject({
      kind: 'nvidia',
      platformId: `41${hopper.pdi}`,
      reportData: Buffer.from(nonce).toString('hex'),
      devices: [
        {
          role: 'gpu',
          architecture: 'hopper',
          chip: 'GH100',
          driverVersion: '590.12',
          gpuMode: 'spt',
          firmwareId: hopper.firmwareId,
          rimIds: ['NV_GPU_DRIVER_GH100_590.12', 'NV_GPU_VBIOS_G520_0200_885_9600A50001'],
        },
      ],
    });
    const { measured: ofHost } = await verifyDevices(host.devices, {}, hostRims);
    expect(ofHost).toMatchObject({ platformId: null });
    expect(ofHost?.kind === 'nvidia' && ofHost.devices[8]?.rimIds).toEqual([
      'NV_SWITCH_BIOS_5612_0002_890_9610550001',
    ]);
    const { measured: ofBlackwell } = await verifyDevices([evidenceOf(blackwell)], {}, blackwellRims);
    expect(ofBlackwell?.kind === 'nvidia' && ofBlackwell.devices[0]?.rimIds[0]).toBe(
      'NV_GPU_CC_DRIVER_GB100_590.12',
    );
  });

  it('may leave out the root', async () => {
    const certificateChainPem = hopper.chain.slice(0, 4).map(toPem).join('');
    const verdict = await verifyDevices([evidenceOf(hopper, { evidence: { certificateChainPem } })]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
  });
});

describe('evidence that is no evidence', () => {
  const sound = evidenceOf(hopper);
  it.each([
    ['no device', [], 'report_format: the evidence names no device'],
    ['too many devices', Array.from({ length: 129 }, () => sound), 'report_format: more than 128 devices'],
    [
      'a role that is not known',
      [{ ...sound, role: 'cpu' as 'gpu' }],
      'report_format: devices[0]: devices[0]: is neither a gpu nor a switch',
    ],
    [
      'an empty report',
      [{ ...sound, report: new Uint8Array() }],
      'report_format: devices[0]: report: request needs 4 bytes, 0 are left at offset 0',
    ],
    [
      'no certificate',
      [sound, { ...sound, certificateChainPem: '' }],
      'report_format: devices[1]: device chain: PEM certificate expected at offset 0',
    ],
    [
      'six certificates',
      [{ ...sound, certificateChainPem: sound.certificateChainPem + toPem(vendor.root.der) }],
      'report_format: devices[0]: device chain: more than 5 certificates',
    ],
    [
      'text after the chain',
      [{ ...sound, certificateChainPem: `${hopper.chain.slice(0, 4).map(toPem).join('')}x` }],
      'report_format: devices[0]: device chain: PEM certificate expected at offset 0',
    ],
    [
      'an endless chain',
      [{ ...sound, certificateChainPem: '\n'.repeat(90_000) }],
      'report_format: devices[0]: device chain: PEM text is too long',
    ],
  ])('is refused: %s', async (_, devices, failure) => {
    const verdict = await verifyDevices(devices);
    expect(failures(verdict)).toEqual([failure]);
    expect(verdict.measured).toBeNull();
  });

  it('is refused of a kind that the policy does not take', async () => {
    const verdict = await verifyDevices([sound], { policy: { ...policy, kinds: ['tdx'] } });
    expect(failures(verdict)).toEqual(['kind_accepted: the policy accepts tdx, not nvidia']);
  });
});

describe('device chain', () => {
  const expired = { notBeforeMs: NOW_MS - 2 * DAY_MS, notAfterMs: NOW_MS - DAY_MS };
  const early = { notBeforeMs: NOW_MS + DAY_MS, notAfterMs: NOW_MS + 2 * DAY_MS };
  const stranger = createSigningKey('ecdsa-sha384');

  it('must end in a root of the policy', async () => {
    const other = createNvidiaVendor({ nowMs: NOW_MS });
    const device = createNvidiaDevice(other);
    for (const chain of [device.chain, [...device.chain.slice(0, 4), vendor.root.der]]) {
      const verdict = await verifyDevices([
        evidenceOf(device, { evidence: { certificateChainPem: chain.map(toPem).join('') } }),
      ]);
      expect(failures(verdict)).toHaveLength(1);
      const isOwn = chain === device.chain;
      expect(failures(verdict)[0]).toMatch(isOwn ? /^trusted_root/ : /^device_chain: .*signature/);
      expect(verdict.measured).toBeNull();
    }
  });

  it.each([
    ['an expired leaf', makeDevice({ leaf: expired }), 'is valid from'],
    ['a leaf of the future', makeDevice({ leaf: early }), 'is valid from'],
    ['an expired identity', makeDevice({ identity: expired }), 'is valid from'],
    ['an identity of the future', makeDevice({ identity: early }), 'is valid from'],
    ['a leaf that is a CA', makeDevice({ leaf: { pathLength: 0 } }), 'is not a signing leaf'],
    [
      'a leaf of another issuer by name',
      makeDevice({ leaf: { issuer: 'somebody' } }),
      'names another issuer',
    ],
    [
      'a leaf that somebody else signed',
      makeDevice({ leafIssuerKey: stranger }),
      'signature of "GH100 A01 GSP FMC LF"',
    ],
    [
      'an identity that somebody else signed',
      makeDevice({ identityIssuerKey: stranger }),
      'signature of "GH100 A01 GSP BROM"',
    ],
    [
      'a leaf of other firmware by name',
      makeDevice({ leaf: { subject: 'GH100 A01 GSP FMC DBG' } }),
      'is not of a report key',
    ],
    [
      'a leaf of an older generation',
      makeDevice({ leaf: { subject: 'GA100 A01 GSP FMC LF' } }),
      'is not of a report key',
    ],
    [
      'an identity of another device',
      makeDevice({ identity: { subject: 'GH100 A02 GSP BROM' } }),
      'is not the identity of GH100 A01 GSP',
    ],
    ['a leaf without a firmware id', makeDevice({ leaf: { extraExtensions: [] } }), 'states no firmware id'],
  ])('is refused: %s', async (_, device, reason) => {
    const verdict = await verifyDevices([evidenceOf(device)]);
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toMatch(/^device_chain: devices\[0\]: /);
    expect(failures(verdict)[0]).toContain(reason);
    expect(verdict.measured).toBeNull();
  });

  it.each([
    ['an expired CA', { ca: expired }, 'is valid from'],
    ['an expired provisioner', { provisioner: expired }, 'is valid from'],
    ['an expired root', { root: expired }, 'is valid from'],
    [
      'a provisioner that somebody else signed',
      { provisionerIssuerKey: stranger },
      'signature of "NVIDIA GH100 Provisioner',
    ],
    [
      'a provisioner by another name',
      { provisioner: { subject: 'NVIDIA GH100 Signer' } },
      'does not provision',
    ],
    [
      'a provisioner of another architecture',
      { provisioner: { subject: 'NVIDIA GB100 Provisioner ICA 1' } },
      'does not provision',
    ],
    [
      'a CA by another name',
      { ca: { subject: 'NVIDIA GH100 Reference Values' } },
      'is no CA of device identities',
    ],
    ['a root that permits no such chain', { root: { pathLength: 1 } }, 'permits no CA below it'],
  ])('is refused: %s', async (_, options, reason) => {
    const other = createNvidiaVendor({ nowMs: NOW_MS, ...options });
    const device = createNvidiaDevice(other);
    const roots = [{ name: 'other', kind: 'nvidia-device', certificatePem: other.rootPem } as const];
    const evidence = evidenceOf(device, { evidence: { ocspResponses: [] } });
    const verdict = await verifyDevices([evidence], { policy: { ...onlySignatures, roots } });
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toContain(reason);
  });

  it('counts a root for its own kind only', async () => {
    const roots = [{ name: 'wrong kind', kind: 'nvidia-rim', certificatePem: vendor.rootPem } as const];
    const verdict = await verifyDevices([evidenceOf(hopper)], { policy: { ...policy, roots } });
    expect(failures(verdict)).toEqual([
      'trusted_root: devices[0]: its chain ends under no NVIDIA device root of the policy',
    ]);
  });

  it('refuses a switch in the place of a GPU, and the other way round', async () => {
    const lsSwitch = makeDevice({ architecture: 'ls10' });
    const asSwitch = { ...evidenceOf(hopper), report: evidenceOf(lsSwitch).report, role: 'switch' as const };
    expect(failures(await verifyDevices([asSwitch]))[0]).toMatch(/device_chain: .* is no switch/);
    const asGpu = { ...evidenceOf(lsSwitch), report: evidenceOf(hopper).report, role: 'gpu' as const };
    expect(failures(await verifyDevices([asGpu]))[0]).toMatch(/device_chain: .* is no gpu/);
  });
});

describe('report', () => {
  it('must be signed by the leaf', async () => {
    const device = makeDevice({});
    const swapped = { ...evidenceOf(hopper), report: evidenceOf(device).report };
    expect(failures(await verifyDevices([swapped]))).toEqual([
      'report_signature: devices[0]: signature of the report is wrong',
    ]);
  });

  it('must name the firmware of its leaf', async () => {
    const other = fromHex('f2'.repeat(48));
    for (const [device, rims] of [
      [hopper, hopperRims],
      [blackwell, blackwellRims],
    ] as const) {
      const verdict = await verifyDevices([evidenceOf(device, { opaque: { 20: other } })], {}, rims);
      expect(failures(verdict)[0]).toMatch(/^firmware_bound: devices\[0\]: the report names firmware f2/);
      expect(verdict.measured).toBeNull();
    }
  });

  it('may name none, as drivers before 550', async () => {
    const verdict = await verifyDevices([evidenceOf(hopper, { opaque: { 20: null } })]);
    expect(verdict.outcome).toBe('pass');
    expect(verdict.claims.find(({ name }) => name === 'firmware_bound')).toMatchObject({
      outcome: 'unknown',
      optional: true,
    });
  });

  it('must carry the expected nonce, every device the same', async () => {
    const other = Uint8Array.from(nonce, (byte) => byte ^ 1);
    const mixed = [evidenceOf(hopper), evidenceOf(makeDevice({}), { nonce: other })];
    expect(failures(await verifyDevices(mixed)).map((text) => text.split(':')[0])).toEqual([
      'one_nonce',
      'report_data_bound',
    ]);
    const replayed = await verifyDevices([evidenceOf(hopper, { nonce: other })]);
    expect(failures(replayed)).toEqual([expect.stringMatching(/^report_data_bound: report data is a1/)]);
    const { expectedReportData: _, ...rest } = { expectedReportData: nonce, policy, nowMs: NOW_MS };
    const open = await verifyDevices([evidenceOf(hopper)], {
      ...rest,
      expectedReportData: new Uint8Array(31),
    });
    expect(open.outcome).toBe('fail');
  });
});

describe('policy', () => {
  it('asks for a number of devices', async () => {
    const wanted = withNvidia({ minGpus: 8, minSwitches: 4 });
    expect((await verifyDevices(host.devices, { policy: wanted }, hostRims)).outcome).toBe('pass');
    const more = await verifyDevices(host.devices, { policy: withNvidia({ minSwitches: 5 }) }, hostRims);
    expect(failures(more)).toEqual(['device_count: 8 GPUs and 4 switches; the policy asks for 0 and 5']);
    const fewer = await verifyDevices([evidenceOf(hopper)], { policy: withNvidia({ minGpus: 2 }) });
    expect(failures(fewer)).toEqual(['device_count: 1 GPUs and 0 switches; the policy asks for 2 and 0']);
  });

  it('accepts architectures', async () => {
    const verdict = await verifyDevices([evidenceOf(hopper)], {
      policy: withNvidia({ architectures: ['blackwell'] }),
    });
    expect(failures(verdict)).toEqual([
      'architecture_accepted: devices[0]: is of architecture hopper; the policy accepts blackwell',
    ]);
    const strange = await verifyDevices(
      [evidenceOf(blackwell, { opaque: { 35: fromHex('474831303000') } })],
      {},
      blackwellRims,
    );
    expect(failures(strange)).toContain(
      'architecture_accepted: devices[0]: calls itself GH100, its certificate GB100',
    );
  });

  it('sets the least driver version', async () => {
    const at = (minDriverVersion: string) =>
      verifyDevices([evidenceOf(hopper)], { policy: withNvidia({ minDriverVersion }) });
    expect((await at('590.12')).outcome).toBe('pass');
    expect((await at('580.159.03')).outcome).toBe('pass');
    expect(failures(await at('590.12.1'))).toEqual([
      "driver_accepted: devices[0]: driver 590.12 is older than the policy's 590.12.1",
    ]);
    expect(failures(await at('591.0'))).toHaveLength(1);
  });

  it('allows and denies devices by their serial number', async () => {
    const id = `41${hopper.pdi}`;
    const denied = await verifyDevices([evidenceOf(hopper)], {
      policy: { ...policy, platforms: { allow: null, deny: [id] } },
    });
    expect(failures(denied)).toEqual([`platform_accepted: the policy denies platform ${id}`]);
    const allowed = await verifyDevices(
      host.devices,
      { policy: { ...policy, platforms: { allow: [id], deny: [] } } },
      hostRims,
    );
    expect(failures(allowed)[0]).toMatch(/^platform_accepted: platform 41\w+ is not in the policy$/);
  });
});

describe('set of devices', () => {
  it('refuses one device twice', async () => {
    const twice = await verifyDevices([evidenceOf(hopper), evidenceOf(hopper)]);
    expect(failures(twice)).toEqual(['devices_distinct: devices[0] and devices[1] are one device']);
    const sameSerial = makeDevice({ pdi: hopper.pdi });
    expect(failures(await verifyDevices([evidenceOf(hopper), evidenceOf(sameSerial)]))).toEqual([
      'devices_distinct: devices[0] and devices[1] are one device',
    ]);
  });

  it('refuses GPUs in different modes', async () => {
    const devices = [evidenceOf(hopper), evidenceOf(makeDevice({}), { opaque: { 36: Uint8Array.of(1, 0) } })];
    expect(failures(await verifyDevices(devices))).toEqual([
      'confidential_mode: GPUs are in different modes: spt, mpt',
    ]);
  });

  it('leaves a mode that is not stated open', async () => {
    const verdict = await verifyDevices([evidenceOf(hopper, { opaque: { 21: null, 34: null, 36: null } })]);
    expect(claimsWith(verdict, 'unknown')).toEqual([
      'confidential_mode: devices[0]: the report does not state the mode',
    ]);
    expect(verdict.outcome).toBe('unknown');
  });

  it('refuses a switch that is not locked', async () => {
    const lsSwitch = makeDevice({ architecture: 'ls10' });
    const open = evidenceOf(lsSwitch, { opaque: { 25: Uint8Array.of(0, 0) } });
    expect(failures(await verifyDevices([open], {}, [switchRim]))).toEqual([
      'confidential_mode: devices[0]: the switch is not locked',
    ]);
  });
});

describe('wiring', () => {
  const small = makeHost(2, 2);
  const [gpu, , first, second] = small.made;
  const rims = hostRims;
  const replace = (i: number, links: readonly string[], opaque = {}) =>
    small.devices.map((evidence, k) => (k === i ? evidenceOf(small.made[i]!, { links, opaque }) : evidence));

  it('is consistent in a sound host', async () => {
    expect((await verifyDevices(small.devices, {}, rims)).outcome).toBe('pass');
  });

  it.each([
    ['a GPU on other switches', replace(1, [first!.pdi]), 'is on other switches than the first GPU'],
    [
      'a switch with a GPU that does not attest',
      replace(2, [gpu!.pdi, 'ee'.repeat(8)]),
      'is wired to GPU eeeeeeeeeeeeeeee, which is not in the evidence',
    ],
    ['a switch without one of the GPUs', replace(3, [gpu!.pdi]), 'is not wired to GPU'],
    [
      'a switch that calls itself another',
      replace(
        2,
        small.made.slice(0, 2).map(({ pdi }) => pdi),
        { 22: fromHex(second!.pdi) },
      ),
      'calls itself',
    ],
    ['a switch that does not attest', small.devices.slice(0, 3), 'is wired to switch'],
    ['a GPU that does not attest', small.devices.slice(1), 'is wired to GPU'],
    ['a switch that says nothing', replace(3, [], { 26: null }), 'names no GPU'],
    [
      'switches of another host',
      [...small.devices.slice(0, 2), ...makeHost(2, 2).devices.slice(2)],
      'is wired to switch',
    ],
  ])('is refused: %s', async (_, devices, reason) => {
    const failed = failures(await verifyDevices(devices, {}, rims));
    expect(failed).toEqual([expect.stringContaining(reason)]);
    expect(failed[0]).toMatch(/^topology_consistent/);
  });

  it('needs no switch that the policy does not ask for', async () => {
    const gpus = small.devices.slice(0, 2);
    expect((await verifyDevices(gpus)).outcome).toBe('pass');
    expect(failures(await verifyDevices(gpus, { policy: withNvidia({ minSwitches: 1 }) }))).toHaveLength(1);
  });
});

describe('measurements', () => {
  const lonely = [evidenceOf(hopper)];
  const [driver, vbios] = hopperRims;
  const wrong = { ...vbiosGolden, 9: 'cc'.repeat(48) };

  it.each([
    ['another driver', [rim('driver', { 1: 'ee'.repeat(48) }), vbios!], 'measurement 1 is d1d1'],
    ['another VBIOS', [driver!, rim('vbios', wrong)], 'measurement 9 is b9b9'],
    [
      'an index that the report lacks',
      [driver!, rim('vbios', { ...vbiosGolden, 3: '03'.repeat(48) })],
      'measurement 3 is 0000',
    ],
    [
      'two manifests that claim one index',
      [driver!, rim('vbios', { ...vbiosGolden, 5: 'd5'.repeat(48) })],
      'both claim measurement 5',
    ],
    ['a manifest that compares nothing', [rim('driver', {}), vbios!], 'has no active measurement'],
  ])('are refused: %s', async (_, rims, reason) => {
    const verdict = await verifyDevices(lonely, {}, rims);
    expect(failures(verdict)).toEqual([expect.stringContaining(reason)]);
    expect(failures(verdict)[0]).toMatch(/^measurements_match: devices\[0\]/);
    expect(claimsWith(verdict, 'unknown')).toEqual(['debug_disabled: the measurements do not match']);
    const waived = await verifyDevices(lonely, { policy: withNvidia({ requireRims: false }) }, rims);
    expect(waived.outcome).toBe('fail');
  });

  it.each([
    ['no manifest', [], 'NV_GPU_DRIVER_GH100_590.12'],
    ['no driver manifest', [vbios!], 'NV_GPU_DRIVER_GH100_590.12'],
    ['no VBIOS manifest', [driver!], 'NV_GPU_VBIOS_G520_0200_885_9600A50001'],
    [
      'one of another driver',
      [rim('driver', { 1: 'd1'.repeat(48) }, 'GH100', '590.13'), vbios!],
      'NV_GPU_DRIVER_GH100_590.12',
    ],
    [
      'one of another chip',
      [driver!, rim('vbios', vbiosGolden, 'GB100')],
      'NV_GPU_VBIOS_G520_0200_885_9600A50001',
    ],
    ['one of a switch', [driver!, switchRim], 'NV_GPU_VBIOS_G520_0200_885_9600A50001'],
  ])('stay open: %s', async (_, rims, id) => {
    const verdict = await verifyDevices(lonely, {}, rims);
    expect(verdict.outcome).toBe('unknown');
    expect(claimsWith(verdict, 'unknown')).toContain(`measurements_match: devices[0]: no manifest ${id}`);
    expect(claimsWith(verdict, 'unknown')).toContain(`debug_disabled: devices[0]: no manifest ${id}`);
    expect((await verifyDevices(lonely, { policy: withNvidia({ requireRims: false }) }, rims)).outcome).toBe(
      'pass',
    );
  });

  it('may fit any of the boards that share a version', async () => {
    expect((await verifyDevices(lonely, {}, [driver!, rim('vbios', wrong), vbios!])).outcome).toBe('pass');
  });

  it('take any of the accepted values', async () => {
    const device = evidenceOf(hopper, {
      measurements: { 2: 'd1'.repeat(48), 6: 'd5'.repeat(48), 3: 'b2'.repeat(48), 10: 'aa'.repeat(48) },
    });
    expect(failures(await verifyDevices([device], {}, hopperRims))).toHaveLength(1);
  });

  it('leave the decoder out while it is off', async () => {
    const withDecoder = rim('driver', { 1: 'd1'.repeat(48), 35: '35'.repeat(48) });
    expect((await verifyDevices(lonely, {}, [withDecoder, vbios!])).outcome).toBe('pass');
    const on = evidenceOf(hopper, { opaque: { 11: Uint8Array.of(0xaa) } });
    expect(failures(await verifyDevices([on], {}, [withDecoder, vbios!]))[0]).toContain(
      'measurement 35 is 00',
    );
    const silent = evidenceOf(hopper, { opaque: { 11: null } });
    expect(failures(await verifyDevices([silent], {}, [withDecoder, vbios!]))[0]).toContain(
      'measurement 35 is 00',
    );
  });

  it('must come from manifests under a root of the policy', async () => {
    const roots = policy.roots.filter(({ kind }) => kind !== 'nvidia-rim');
    const verdict = await verifyDevices(lonely, { policy: { ...policy, roots } });
    expect(failures(verdict)[0]).toMatch(/^rims_authentic: rims\[0\]: /);
    expect(verdict.outcome).toBe('fail');
    const many = Array.from({ length: 33 }, () => driver!);
    expect(failures(await verifyDevices(lonely, {}, many))).toEqual([
      'rims_authentic: more than 32 manifests',
    ]);
  });

  it('need signers that are not revoked', async () => {
    const unanswered = hopperRims.map((one) => ({ ...one, ocspResponses: [] }));
    const verdict = await verifyDevices(lonely, {}, unanswered);
    expect(claimsWith(verdict, 'unknown')[0]).toMatch(/^rims_not_revoked: rims\[0\]: no OCSP response about/);
    expect(
      (await verifyDevices(lonely, { policy: withNvidia({ requireOcsp: false }) }, unanswered)).outcome,
    ).toBe('pass');
  });
});

describe('debug', () => {
  it.each([
    ['debug', 0x90, 'under debug'],
    ['recovery', 0xa0, 'in recovery'],
    ['an insecure state', 0xc0, 'not secure'],
  ])('is refused where the leaf states %s, whatever the policy asks for', async (_, diceFlags, reason) => {
    const device = createNvidiaDevice(vendor, { architecture: 'blackwell', diceFlags });
    for (const asked of [policy, onlySignatures]) {
      const verdict = await verifyDevices([evidenceOf(device)], { policy: asked }, blackwellRims);
      expect(failures(verdict)).toEqual([
        `debug_disabled: devices[0]: the leaf certificate says that its firmware is ${reason}`,
      ]);
    }
  });
});

describe('revocation', () => {
  it('stays open without responses, and is waived by the policy', async () => {
    const silent = evidenceOf(hopper, { evidence: { ocspResponses: [] } });
    const verdict = await verifyDevices([silent]);
    expect(claimsWith(verdict, 'unknown')).toEqual([
      expect.stringMatching(/^device_not_revoked: devices\[0\]: no OCSP response about "GH100 A01 GSP BROM"/),
    ]);
    expect((await verifyDevices([silent], { policy: withNvidia({ requireOcsp: false }) })).outcome).toBe(
      'pass',
    );
  });

  it('needs a response about each certificate that NVIDIA issued', async () => {
    const all = goodResponses(hopper);
    for (const missing of all.keys()) {
      const ocspResponses = all.filter((_, i) => i !== missing);
      const verdict = await verifyDevices([evidenceOf(hopper, { evidence: { ocspResponses } })]);
      expect(verdict.outcome).toBe('unknown');
    }
  });

  it('refuses a response that cannot be read', async () => {
    const ocspResponses = [
      ...goodResponses(hopper),
      concatBytes(goodResponses(hopper)[0]!, Uint8Array.of(0)),
    ];
    expect(failures(await verifyDevices([evidenceOf(hopper, { evidence: { ocspResponses } })]))).toEqual([
      expect.stringMatching(/^device_not_revoked: devices\[0\]: OCSP response: 1 unexplained bytes/),
    ]);
  });
});
