import { defaultPolicy, type EvidencePolicy, type VerifyEvidenceOptions, verifyEvidence } from '@dcml/attest';
import { encodeUtf8, toBase64Url } from '@dcml/core';
import {
  createNrasService,
  type NrasService,
  type NrasTokenFields,
  signToken,
  writeNrasBundle,
} from '@dcml/testing';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseJwks } from '../../src/jose/jwks.ts';
import { parseJws } from '../../src/jose/jws.ts';
import { claimsWith, failures, NOW_MS, nonce } from './simulated-devices.ts';

const service = createNrasService({ nowMs: NOW_MS });
const policyOf = (by: NrasService, changes: Partial<EvidencePolicy['nvidia']> = {}): EvidencePolicy => ({
  ...defaultPolicy,
  kinds: ['nras'],
  roots: [{ name: 'simulated service', kind: 'nras', certificatePem: by.rootPem }],
  nvidia: { ...defaultPolicy.nvidia, ...changes },
});

const usual: NrasTokenFields = {
  nonce,
  nowMs: NOW_MS,
  devices: { 'GPU-0': {}, 'GPU-1': {}, 'SWITCH-0': {} },
};
const bundle = (fields: Partial<NrasTokenFields> = {}): string =>
  writeNrasBundle(service, { ...usual, ...fields });

const verify = (token: string, options: Partial<VerifyEvidenceOptions> = {}, jwks = service.jwks) =>
  verifyEvidence(
    { kind: 'nras', token, jwks },
    { policy: policyOf(service), expectedReportData: nonce, nowMs: NOW_MS, ...options },
  );

const payloadOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
const split = (text: string): { overall: string; devices: Record<string, string> } => {
  const [[, overall], devices] = JSON.parse(text) as [[string, string], Record<string, string>];
  return { overall, devices };
};
const join = (overall: string, devices: Readonly<Record<string, string>>): string =>
  JSON.stringify([['JWT', overall], devices]);

describe('answer of the attestation service', () => {
  it.each(['P-384', 'P-256'] as const)('passes, signed on %s, as jose sees it too', async (curve) => {
    const by = createNrasService({ nowMs: NOW_MS, curve });
    const token = writeNrasBundle(by, usual);
    const verdict = await verify(token, { policy: policyOf(by) }, by.jwks);
    expect([...claimsWith(verdict, 'fail'), ...claimsWith(verdict, 'unknown')]).toEqual([]);
    // No root of such a service is known to be NVIDIA's, so nothing here counts as theirs.
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    const sources = new Set(verdict.claims.slice(1).map(({ source }) => source));
    expect([...sources]).toEqual(['provider_asserted']);
    expect(verdict.measured).toMatchObject({
      kind: 'nras',
      platformId: null,
      devices: [
        { name: 'GPU-0', hardwareModel: 'GH100 A01 GSP BROM', driverVersion: '590.12' },
        { name: 'GPU-1' },
        { name: 'SWITCH-0' },
      ],
    });
    const keys = createLocalJWKSet(JSON.parse(by.jwks) as Parameters<typeof createLocalJWKSet>[0]);
    const { overall, devices } = split(token);
    for (const one of [overall, ...Object.values(devices)]) {
      const { payload } = await jwtVerify(one, keys, { currentDate: new Date(NOW_MS) });
      expect(payload.iss).toBe('https://nras.attestation.nvidia.com');
    }
  });

  it('may be one token, which says nothing about devices', async () => {
    const verdict = await verify(split(bundle()).overall);
    expect(verdict.outcome).toBe('unknown');
    expect(failures(verdict)).toEqual([]);
    expect(claimsWith(verdict, 'unknown')[0]).toMatch(/^devices_bound: the answer is one token/);
  });

  it('is not believed under a key that nobody certifies', async () => {
    const verdict = await verify(bundle(), { policy: { ...policyOf(service), roots: [] } });
    expect(verdict).toMatchObject({ outcome: 'unknown', measured: null });
    expect(claimsWith(verdict, 'unknown')[0]).toMatch(/^key_trusted: the policy has no root of kind nras/);
  });

  it('is not accepted by the default policy', async () => {
    expect(failures(await verify(bundle(), { policy: defaultPolicy }))[0]).toMatch(/^kind_accepted/);
  });
});

describe('signing key', () => {
  const stranger = createNrasService({ nowMs: NOW_MS });
  it.each([
    ['of somebody else under the same id', stranger.jwks, /^token_signature: token: signature is wrong/],
    [
      'that is not in the set',
      JSON.stringify({ keys: [] }),
      /^token_signature: token: the key set has no key/,
    ],
    ['in a set that is none', '{}', /^token_signature: .*keys: is missing/],
  ])('is refused: %s', async (_, jwks, failure) => {
    const verdict = await verify(bundle(), {}, jwks);
    expect(failures(verdict)).toEqual([expect.stringMatching(failure)]);
    expect(verdict.measured).toBeNull();
  });

  it.each([
    ['under another root', stranger, policyOf(service), /is under no root of the policy|signature of/],
    [
      'without certificates',
      createNrasService({ nowMs: NOW_MS, jwk: { x5c: undefined } }),
      undefined,
      /comes without certificates/,
    ],
    [
      'with the certificate of another key',
      createNrasService({ nowMs: NOW_MS, jwk: { x5c: JSON.parse(stranger.jwks).keys[0].x5c } }),
      undefined,
      /is of another key/,
    ],
    [
      'with an expired certificate',
      createNrasService({ nowMs: NOW_MS, leaf: { notAfterMs: NOW_MS - 1000 } }),
      undefined,
      /is valid from/,
    ],
    [
      'with the certificate of a CA',
      createNrasService({ nowMs: NOW_MS, leaf: { pathLength: 0 } }),
      undefined,
      /is not a signing leaf/,
    ],
  ])('is refused: %s', async (_, by, policy, reason) => {
    const verdict = await verify(writeNrasBundle(by, usual), { policy: policy ?? policyOf(by) }, by.jwks);
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toMatch(reason);
    expect(verdict.measured).toBeNull();
  });

  it('is found under a root that the set leaves out', async () => {
    const by = createNrasService({ nowMs: NOW_MS });
    const keys = (JSON.parse(by.jwks) as { keys: { x5c: string[] }[] }).keys;
    const jwks = JSON.stringify({ keys: [{ ...keys[0], x5c: keys[0]?.x5c.slice(0, 1) }] });
    expect((await verify(writeNrasBundle(by, usual), { policy: policyOf(by) }, jwks)).outcome).toBe('pass');
  });
});

describe('header', () => {
  const { overall, devices } = split(bundle());
  const withHeader = (header: Readonly<Record<string, unknown>>): string =>
    join(signToken(service, JSON.stringify(payloadOf(overall)), header), devices);
  it.each([
    ['no algorithm', { alg: 'none' }],
    ['a shared secret', { alg: 'HS256' }],
    ['a longer shared secret', { alg: 'HS384' }],
    ['RSA', { alg: 'RS256' }],
    ['a key of its own', { jwk: {} }],
    ['a place to get keys', { jku: 'https://nobody' }],
    ['certificates', { x5c: [] }],
    ['an extension', { crit: ['b64'], b64: false }],
    ['another type', { typ: 'at+jwt' }],
    ['no key id', { kid: undefined }],
  ])('is refused: %s', async (_, header) => {
    expect(failures(await verify(withHeader(header)))).toEqual([expect.stringMatching(/^token_format/)]);
  });

  it('is refused with the other curve of the key', async () => {
    const failed = failures(await verify(withHeader({ alg: 'ES256' })));
    expect(failed).toEqual([
      expect.stringMatching(/^token_signature: token: is signed with ES256, its key is for ES384/),
    ]);
  });

  it('is refused unsigned', async () => {
    const none = `${toBase64Url(encodeUtf8('{"alg":"none"}'))}.${overall.split('.')[1]}.`;
    expect(failures(await verify(join(none, devices)))[0]).toMatch(/^token_format/);
    const empty = overall.replace(/[^.]*$/, '');
    expect(failures(await verify(join(empty, devices)))[0]).toMatch(/^token_signature/);
  });

  it('is refused with a member twice', () => {
    const header = toBase64Url(encodeUtf8('{"alg":"ES384","alg":"ES384","kid":"a"}'));
    expect(() => parseJws(`${header}.e30.AA`, 'token')).toThrow('JSON');
    expect(() => parseJws('a.b', 'token')).toThrow('is not three parts');
    expect(() => parseJws('a'.repeat(70_000), 'token')).toThrow('is longer than 65536 characters');
  });
});

describe('tokens', () => {
  const seconds = NOW_MS / 1000;
  const overall = (members: Readonly<Record<string, unknown>>) => bundle({ overall: members });
  const device = (members: Readonly<Record<string, unknown>>) => bundle({ devices: { 'GPU-0': members } });
  it.each([
    ['an expired token', overall({ exp: seconds }), /^token_current: token: is for/],
    ['an expired token of a device', device({ exp: seconds - 1 }), /^token_current: GPU-0: is for/],
    ['one of the future', overall({ iat: seconds + 1 }), /^token_current/],
    ['one that does not hold yet', overall({ nbf: seconds + 1 }), /^token_current/],
    [
      'one older than the policy permits',
      overall({ iat: seconds - 86_401, nbf: seconds - 86_401, exp: seconds + 86_400 }),
      /^token_current/,
    ],
    [
      'another issuer',
      bundle({
        overall: { iss: 'https://nras.attestation-stg.nvidia.com' },
        devices: { 'GPU-0': { iss: 'https://nras.attestation-stg.nvidia.com' } },
      }),
      /^issuer_accepted/,
    ],
    [
      'a device of another issuer',
      device({ iss: 'somebody' }),
      /^devices_bound: GPU-0: is of another issuer/,
    ],
    [
      'a device of another nonce',
      device({ eat_nonce: '00'.repeat(32) }),
      /^devices_bound: GPU-0: is about another nonce/,
    ],
    ['a result that is not true', overall({ 'x-nvidia-overall-att-result': false }), /^overall_result/],
    ['no secure boot', device({ secboot: false }), /^device_results: GPU-0: secboot is false/],
    ['no word on secure boot', device({ secboot: null }), /^device_results: GPU-0: secboot is null/],
    ['debug', device({ dbgstat: 'enabled' }), /^device_results: GPU-0: dbgstat is "enabled"/],
    ['no debug status', device({ dbgstat: null }), /^device_results: GPU-0: dbgstat is null/],
    ['failed measurements', device({ measres: 'failure' }), /^device_results: GPU-0: measres is "failure"/],
    [
      'any claim that is false',
      device({ 'x-nvidia-gpu-driver-rim-fetched': false }),
      /driver-rim-fetched is false/,
    ],
    ['a warning', device({ 'x-nvidia-attestation-warning': 'hold' }), /warning "hold"/],
    [
      'records that do not match',
      device({ 'x-nvidia-mismatch-measurement-records': [] }),
      /measurements do not match/,
    ],
    [
      'a revoked certificate',
      device({ 'x-nvidia-gpu-vbios-rim-cert-chain': { 'x-nvidia-cert-status': 'revoked' } }),
      /vbios-rim-cert-chain is not valid/,
    ],
    [
      'a certificate on hold',
      device({
        'x-nvidia-gpu-vbios-rim-cert-chain': {
          'x-nvidia-cert-status': 'valid',
          'x-nvidia-cert-ocsp-status': 'revoked',
        },
      }),
      /OCSP status of .* is not good/,
    ],
    [
      'a certificate that nobody asked about',
      device({ 'x-nvidia-gpu-vbios-rim-cert-chain': { 'x-nvidia-cert-status': 'valid' } }),
      /OCSP status of .* is not good/,
    ],
    ['a chain that is none', device({ 'x-nvidia-gpu-vbios-rim-cert-chain': true }), /is no object/],
    [
      'a chain with an answer that is not valid',
      device({
        'x-nvidia-gpu-vbios-rim-cert-chain': {
          'x-nvidia-cert-status': 'valid',
          'x-nvidia-cert-ocsp-status': 'good',
          'x-nvidia-cert-ocsp-response-valid': false,
        },
      }),
      /has a member that is false/,
    ],
    ['another architecture', device({ hwmodel: 'GA100 A01 GSP BROM' }), /^architecture_accepted/],
    ['a switch among the GPUs', device({ hwmodel: 'LS_10 A01 FSP BROM' }), /^architecture_accepted/],
    [
      'one device twice',
      bundle({ devices: { 'GPU-0': { ueid: '5' }, 'GPU-1': { ueid: '5' } } }),
      /^devices_distinct/,
    ],
    ['a device without a name of its own', device({ ueid: '' }), /^devices_distinct/],
  ])('are refused: %s', async (_, token, failure) => {
    const failed = failures(await verify(token));
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatch(failure);
  });

  it.each([
    ['text', 'nothing'],
    ['no token', '[]'],
    ['a third part', '[["JWT","a.b.c"],{},{}]'],
    ['a duplicate device', '[["JWT","a.b.c"],{"GPU-0":"a","GPU-0":"a"}]'],
    ['a nonce that is short', overall({ eat_nonce: '00' })],
    ['a time that is text', overall({ exp: '1' })],
    ['a result that is text', overall({ 'x-nvidia-overall-att-result': 'true' })],
    ['another digest', overall({ submods: { 'GPU-0': ['DIGEST', ['SHA-1', '00'.repeat(32)]] } })],
    ['a digest with more', overall({ submods: { 'GPU-0': ['DIGEST', ['SHA-256', '00'.repeat(32), 1]] } })],
    ['a device by another name', bundle({ devices: { 'DPU-0': {} } })],
  ])('are unreadable: %s', async (_, token) => {
    expect(failures(await verify(token))).toEqual([expect.stringMatching(/^token_format/)]);
  });

  it('must be the ones that the token about all devices names', async () => {
    const { overall: token, devices } = split(bundle());
    const another = split(bundle()).devices;
    const { 'GPU-1': gpu, ...rest } = devices;
    const cases: [string, RegExp][] = [
      [join(token, { ...devices, 'GPU-0': another['GPU-0']! }), /GPU-0: is not the token that was named/],
      [
        join(token, { ...devices, 'GPU-0': gpu!, 'GPU-1': devices['GPU-0']! }),
        /GPU-0: is not the token that was named/,
      ],
      [join(token, rest), /GPU-1 is named, and its token is missing/],
      [join(token, { ...devices, 'GPU-7': gpu! }), /GPU-7: is not the token that was named/],
      [bundle({ overall: { submods: undefined } }), /the token names no devices/],
    ];
    for (const [text, failure] of cases) {
      const failed = failures(await verify(text));
      expect(failed).toHaveLength(1);
      expect(failed[0]).toMatch(failure);
    }
  });

  it('must be about the expected nonce', async () => {
    const verdict = await verify(bundle(), { expectedReportData: new Uint8Array(32) });
    expect(failures(verdict)).toEqual([expect.stringMatching(/^report_data_bound/)]);
  });

  it('must name as many devices as the policy asks for, with drivers that are new enough', async () => {
    const at = (changes: Partial<EvidencePolicy['nvidia']>) =>
      verify(bundle(), { policy: policyOf(service, changes) });
    expect((await at({ minGpus: 2, minSwitches: 1, minDriverVersion: '590.12' })).outcome).toBe('pass');
    expect(failures(await at({ minGpus: 3 }))).toEqual([
      'device_count: 2 GPUs and 1 switches; the policy asks for 3 and 0',
    ]);
    expect(failures(await at({ minSwitches: 2 }))).toHaveLength(1);
    expect(failures(await at({ minDriverVersion: '600.1' }))).toEqual([
      expect.stringMatching(/^driver_accepted: GPU-0/),
    ]);
    const silent = device({ 'x-nvidia-gpu-driver-version': null });
    const policy = policyOf(service, { minDriverVersion: '1.0' });
    expect(failures(await verify(silent, { policy }))).toEqual([
      'driver_accepted: GPU-0: states no driver version',
    ]);
    expect(failures(await verify(bundle({ devices: {} })))).toEqual([expect.stringMatching(/^device_count/)]);
  });

  it('allows and denies devices by their ueid in hex', async () => {
    const id = (4_000_000_000).toString(16);
    const denied = await verify(bundle(), {
      policy: { ...policyOf(service), platforms: { allow: null, deny: [id] } },
    });
    expect(failures(denied)).toEqual([`platform_accepted: the policy denies platform ${id}`]);
  });

  it('are refused after any change of a character', async () => {
    const token = bundle({ devices: { 'GPU-0': {} } });
    let accepted = 0;
    for (let at = 0; at < token.length; at += 23) {
      const other = token[at] === 'A' ? 'B' : 'A';
      const verdict = await verify(token.slice(0, at) + other + token.slice(at + 1));
      if (verdict.outcome === 'pass') accepted++;
    }
    expect(accepted).toBe(0);
  });
});

describe('key set', () => {
  const [key] = (JSON.parse(service.jwks) as { keys: Record<string, unknown>[] }).keys;
  const set = (...keys: unknown[]): string => JSON.stringify({ keys });
  it('skips keys that sign none of these tokens', () => {
    const others = [
      { kty: 'RSA', n: 'AQ', e: 'AQAB' },
      { ...key, kid: 'b', use: 'enc' },
    ];
    expect(parseJwks(set(key, ...others)).map(({ keyId }) => keyId)).toEqual(['simulated-key-1']);
  });

  it.each([
    ['one id twice', set(key, key), 'two keys with one id'],
    ['a private key', set({ ...key, d: 'AA' }), 'is a private key'],
    ['another curve', set({ ...key, crv: 'P-521' }), 'expected one of P-256, P-384'],
    ['an algorithm of another curve', set({ ...key, alg: 'ES256' }), 'alg is not ES384'],
    ['a short coordinate', set({ ...key, x: 'AAAA' }), 'x is not 48 bytes'],
    ['certificates that are none', set({ ...key, x5c: [1] }), 'something else than certificates'],
    ['too many certificates', set({ ...key, x5c: ['', '', '', '', ''] }), 'more than 4 items'],
    ['no id', set({ ...key, kid: undefined }), 'kid: is missing'],
    ['a member twice', '{"keys":[],"keys":[]}', 'JSON'],
  ])('is refused: %s', (_, text, message) => {
    expect(() => parseJwks(text)).toThrow(message);
  });

  it('with a point off the curve verifies nothing', async () => {
    const jwks = set({ ...key, y: toBase64Url(new Uint8Array(48).fill(7)) });
    expect(failures(await verify(bundle(), {}, jwks))[0]).toMatch(/^token_signature/);
  });
});
