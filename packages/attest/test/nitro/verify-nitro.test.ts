import { concatBytes, fromHex, toHex } from '@dcml/core';
import {
  cborArray,
  cborBytes,
  cborHead,
  cborMap,
  cborNull,
  cborText,
  cborUnsigned,
  createNitroVendor,
  createSigningKey,
  type NitroDeviation,
  type NitroRole,
  nitroMembers,
  nitroRoles,
  writeNitroDocument,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  failures,
  fields,
  NOW_MS,
  policy,
  policyFor,
  reportData,
  vendor,
  verify,
  write,
} from './simulated-document.ts';

const member = (name: string, value: Uint8Array | undefined): NitroDeviation => ({
  members: { [name]: value },
});
const pcr = (index: number, length: number): readonly [Uint8Array, Uint8Array] => [
  cborUnsigned(index),
  cborBytes(new Uint8Array(length).fill(1)),
];
const { certificates } = vendor;
const bundle = (...roles: readonly NitroRole[]): Uint8Array =>
  cborArray(...roles.map((role) => cborBytes(certificates[role])));

/** What is wrong, how the refusal says so, and the deviation; all are signed by the right key. */
const unreadable: readonly (readonly [what: string, problem: RegExp, deviation: NitroDeviation])[] = [
  // COSE
  ['another algorithm', /does not say ES384/, { protectedHeader: fromHex('a10126') }],
  ['a protected header that says more', /does not say ES384/, { protectedHeader: fromHex('a20138220441aa') }],
  ['a protected header in longer form', /does not say ES384/, { protectedHeader: fromHex('a101390022') }],
  ['no protected header', /does not say ES384/, { protectedHeader: new Uint8Array(0) }],
  ['an unprotected header', /unprotected header has more than 0/, { unprotectedHeader: fromHex('a10441aa') }],
  ['an unprotected header of indefinite length', /indefinite length/, { unprotectedHeader: fromHex('bfff') }],
  [
    'an unprotected header that is no map',
    /expected unprotected header/,
    { unprotectedHeader: fromHex('80') },
  ],
  ['an empty payload', /payload has 0 bytes/, { payload: () => new Uint8Array(0) }],
  ['a payload that is too long', /payload has 16385 bytes/, { payload: () => new Uint8Array(16_385) }],
  // Payload
  ['bytes after the map', /1 unexplained bytes/, { payload: (map) => concatBytes(map, Uint8Array.of(0)) }],
  [
    'a map without its end',
    /expected member name/,
    { members: { nonce: undefined }, payload: (map) => map.slice(0, -1) },
  ],
  ['a payload that is no map', /expected payload \(map\)/, { payload: () => cborText('x') }],
  [
    'a definite map of more entries than there are',
    /expected member name/,
    {
      isDefinite: true,
      members: { nonce: undefined },
      payload: (map) => concatBytes(cborHead(5, 9), map.slice(1)),
    },
  ],
  [
    'an unknown member',
    /member "nitrotpm_pcrs" is unknown/,
    { extra: [[cborText('nitrotpm_pcrs'), cborNull]], members: { nonce: undefined } },
  ],
  ['a tenth member', /payload has more than 9/, { extra: [[cborText('nitrotpm_pcrs'), cborNull]] }],
  [
    'a member that comes twice',
    /key "digest" twice/,
    { extra: [[cborText('digest'), cborText('SHA384')]], members: { nonce: undefined } },
  ],
  [
    'a member name that is no text',
    /expected member name/,
    { extra: [[cborUnsigned(1), cborNull]], members: { nonce: undefined } },
  ],
  ...(['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'] as const).map(
    (name) => [`no ${name}`, new RegExp(`member ${name} is missing`), member(name, undefined)] as const,
  ),
  ...(['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'] as const).map(
    (name) => [`null as ${name}`, new RegExp(`expected ${name}`), member(name, cborNull)] as const,
  ),
  ['an empty module id', /module_id has 0 bytes/, member('module_id', cborText(''))],
  ['a module id that is too long', /module_id has 257 bytes/, member('module_id', cborText('i'.repeat(257)))],
  ['a module id that is no UTF-8', /UTF-8/, member('module_id', fromHex('61ff'))],
  ['another digest', /digest is not SHA384/, member('digest', cborText('SHA256'))],
  ['a timestamp in longer form', /not in shortest form/, member('timestamp', fromHex('1b0000000000000001'))],
  ['a timestamp beyond 2^53', /larger than 2\^53/, member('timestamp', fromHex('1bffffffffffffffff'))],
  ['a negative timestamp', /expected timestamp/, member('timestamp', fromHex('20'))],
  ['a timestamp of zero', /timestamp is zero/, member('timestamp', cborUnsigned(0))],
  ['a tagged timestamp', /expected timestamp/, member('timestamp', fromHex('c101'))],
  ['a timestamp as a float', /expected timestamp/, member('timestamp', fromHex('f93c00'))],
  ['no PCR', /pcrs is empty/, member('pcrs', cborMap([]))],
  ['PCR32', /PCR number is larger than 31/, member('pcrs', cborMap([pcr(32, 48)]))],
  ['a PCR twice', /key 0 twice/, member('pcrs', cborMap([pcr(0, 48), pcr(0, 48)]))],
  ['a PCR of 31 bytes', /PCR0 has 31 bytes/, member('pcrs', cborMap([pcr(0, 31)]))],
  ['a PCR of 47 bytes', /PCR0 has 47 bytes/, member('pcrs', cborMap([pcr(0, 47)]))],
  ['a PCR of 65 bytes', /PCR0 has 65 bytes/, member('pcrs', cborMap([pcr(0, 65)]))],
  [
    'a PCR number in text',
    /expected PCR number/,
    member('pcrs', cborMap([[cborText('0'), cborBytes(new Uint8Array(48))]])),
  ],
  ['PCRs of indefinite length', /pcrs has an indefinite length/, member('pcrs', cborMap([pcr(0, 48)], true))],
  ['an empty certificate', /certificate has 0 bytes/, member('certificate', cborBytes(new Uint8Array(0)))],
  [
    'a certificate that is too long',
    /certificate has 1025 bytes/,
    member('certificate', cborBytes(new Uint8Array(1025))),
  ],
  [
    'a certificate that is none',
    /Nitro document certificate/,
    member('certificate', cborBytes(new Uint8Array(48))),
  ],
  [
    'a certificate with a byte more',
    /unexplained/,
    member('certificate', cborBytes(concatBytes(certificates.enclave, Uint8Array.of(0)))),
  ],
  ['an empty bundle', /cabundle has 0 items/, member('cabundle', cborArray())],
  [
    'a bundle of nine',
    /cabundle has 9 items/,
    member('cabundle', bundle(...Array.from({ length: 9 }, () => 'root' as const))),
  ],
  ['a bundle of indefinite length', /cabundle has an indefinite length/, member('cabundle', fromHex('9fff'))],
  ['a bundle of texts', /expected CA certificate/, member('cabundle', cborArray(cborText('x')))],
  ['an empty public key', /public_key has 0 bytes/, member('public_key', cborBytes(new Uint8Array(0)))],
  [
    'a public key that is too long',
    /public_key has 1025 bytes/,
    member('public_key', cborBytes(new Uint8Array(1025))),
  ],
  [
    'user data that is too long',
    /user_data has 513 bytes/,
    member('user_data', cborBytes(new Uint8Array(513))),
  ],
  ['a nonce that is too long', /nonce has 513 bytes/, member('nonce', cborBytes(new Uint8Array(513)))],
  ['user data in text', /expected user_data/, member('user_data', cborText('x'))],
  ['user data in chunks', /user_data has an indefinite length/, member('user_data', fromHex('5f41014102ff'))],
  ['undefined as user data', /expected user_data/, member('user_data', fromHex('f7'))],
];

describe('a Nitro document', () => {
  it('passes under a policy that pins its image, and is simulated', async () => {
    const verdict = await verify(write());
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.some((claim) => claim.source === 'hardware_proven')).toBe(false);
    expect(verdict.measured).toMatchObject({
      kind: 'nitro',
      moduleId: 'i-0123456789abcdef0-enc0123456789abcdef',
      platformId: '0123456789abcdef0',
      reportData: toHex(reportData),
      composeHash: null,
      timestampMs: NOW_MS - 60_000,
      publicKey: null,
      nonce: null,
    });
    const unknown = verdict.claims.filter((claim) => claim.outcome === 'unknown');
    // AWS has verifiers use no revocation lists: said, not hidden.
    expect(unknown.map(({ name, optional }) => [name, optional])).toEqual([
      ['certificates_not_revoked', true],
      ['platform_accepted', true],
    ]);
  });

  it('is read in both forms of its map, tagged or not, with all members or the required ones only', async () => {
    const few = { public_key: undefined, nonce: undefined };
    for (const deviation of [{ isDefinite: true }, { isTagged: true }, { members: few }]) {
      expect((await verify(write(deviation))).outcome).toBe('pass');
    }
    const most = {
      userData: new Uint8Array(512),
      nonce: new Uint8Array(512),
      publicKey: new Uint8Array(1024),
    };
    const full = await verify(write({}, most), { expectedReportData: new Uint8Array(512) });
    expect(full.outcome).toBe('pass');
    expect(full.measured).toMatchObject({ nonce: '00'.repeat(512), publicKey: '00'.repeat(1024) });
  });

  it.each(unreadable)('with %s is unreadable', async (_, problem, deviation) => {
    const verdict = await verify(write(deviation));
    expect(verdict.outcome).toBe('fail');
    expect(verdict.measured).toBeNull();
    expect(failures(verdict)).toEqual([expect.stringMatching(/^document_format: /)]);
    expect(failures(verdict)[0]).toMatch(problem);
  });

  it.each([
    ['nothing', new Uint8Array(0), /expected COSE_Sign1/],
    ['another tag', concatBytes(cborHead(6, 17), write()), /tag is not 18/],
    ['two tags', concatBytes(cborHead(6, 18), write({ isTagged: true })), /expected COSE_Sign1/],
    ['an array of five', concatBytes(Uint8Array.of(0x85), write().slice(1), cborNull), /has 5 items/],
    [
      'an array of indefinite length',
      concatBytes(Uint8Array.of(0x9f), write().slice(1), Uint8Array.of(0xff)),
      /indefinite/,
    ],
    ['a byte after its end', concatBytes(write(), Uint8Array.of(0)), /1 unexplained bytes at offset/],
    [
      'a signature of 95 bytes',
      concatBytes(write().slice(0, -98), fromHex('585f'), new Uint8Array(95)),
      /signature has 95/,
    ],
  ])('as %s is unreadable', async (_, document, problem) => {
    expect(failures(await verify(document))[0]).toMatch(problem);
  });

  it('is signed by the key of its certificate, over these bytes', async () => {
    const foreign = write({ signer: createSigningKey('ecdsa-sha384') });
    const p256 = createNitroVendor({ nowMs: NOW_MS });
    for (const document of [foreign, write({ signer: p256.keys.enclave })]) {
      const verdict = await verify(document);
      expect(failures(verdict)).toEqual(['document_signature: signature over the document is wrong']);
      expect(verdict.measured).toBeNull();
    }
    // The other half of a pair of documents.
    const [one, two] = [write(), write({}, { timestampMs: NOW_MS })];
    const swapped = concatBytes(one.slice(0, -96), two.slice(-96));
    expect(failures(await verify(swapped))).toEqual([
      'document_signature: signature over the document is wrong',
    ]);
  });
});

describe('the chain of a Nitro document', () => {
  const deviating = (role: NitroRole, special: Record<string, unknown>): Promise<readonly string[]> => {
    const other = createNitroVendor({ nowMs: NOW_MS, certificates: { [role]: special } });
    return verify(writeNitroDocument(fields, other), { policy: policyFor(other) }).then(failures);
  };

  it.each(nitroRoles)('%s expired or of the future', async (role) => {
    for (const special of [{ notAfterMs: NOW_MS - 1000 }, { notBeforeMs: NOW_MS + 1000 }]) {
      expect(await deviating(role, special)).toEqual([
        expect.stringMatching(/^certificate_chain: .*valid from/),
      ]);
    }
  });

  it.each([
    ['a CA as signer', 'enclave', { pathLength: 0 }, /not a signing leaf/],
    ['an issuer that is no CA', 'zone', { pathLength: undefined }, /is no CA/],
    ['an issuer that permits no CA below it', 'region', { pathLength: 0 }, /permits no CA/],
    ['another issuer name', 'instance', { issuer: 'somebody' }, /names another issuer/],
  ] as const)('with %s is refused', async (_, role, special, problem) => {
    const [failure, ...others] = await deviating(role, special);
    expect(failure).toMatch(/^certificate_chain: /);
    expect(failure).toMatch(problem);
    expect(others).toEqual([]);
  });

  it('ends in a root of the policy of kind aws', async () => {
    const other = createNitroVendor({ nowMs: NOW_MS });
    const strange = await verify(writeNitroDocument(fields, other));
    expect(failures(strange)).toEqual([expect.stringMatching(/^trusted_root: /)]);
    const roots = policy.roots.map((root) => ({ ...root, kind: 'intel' as const }));
    expect(failures(await verify(write(), { policy: { ...policy, roots } }))).toEqual([
      expect.stringMatching(/^trusted_root: /),
    ]);
  });

  it('stands in its order, complete, with nothing foreign in it', async () => {
    const other = createNitroVendor({ nowMs: NOW_MS });
    const foreign = cborArray(
      ...[certificates.root, other.certificates.region, certificates.zone, certificates.instance].map(
        cborBytes,
      ),
    );
    for (const [value, claim] of [
      [bundle('instance', 'zone', 'region', 'root'), 'trusted_root'],
      [bundle('root', 'zone', 'region', 'instance'), 'certificate_chain'],
      [bundle('root', 'zone', 'instance'), 'certificate_chain'],
      [bundle('root', 'root', 'region', 'zone', 'instance'), 'certificate_chain'],
      [bundle('root'), 'certificate_chain'],
      [foreign, 'certificate_chain'],
    ] as const) {
      const [failure = '', ...others] = failures(await verify(write(member('cabundle', value))));
      expect(failure.startsWith(`${claim}: `), failure).toBe(true);
      expect(others).toEqual([]);
    }
  });
});

describe('what a policy asks of a Nitro document', () => {
  it('its age, at both ends', async () => {
    const { maxEvidenceAgeSeconds } = policy;
    const at = async (timestampMs: number): Promise<readonly string[]> =>
      failures(await verify(write({}, { timestampMs })));
    expect(await at(NOW_MS - maxEvidenceAgeSeconds * 1000)).toEqual([]);
    expect(await at(NOW_MS - maxEvidenceAgeSeconds * 1000 - 1)).toEqual([
      expect.stringMatching(/^document_fresh: .*more than 86400 seconds ago/),
    ]);
    expect(await at(NOW_MS + 60_000)).toEqual([]);
    expect(await at(NOW_MS + 60_001)).toEqual([
      expect.stringMatching(/^document_fresh: document is of the future/),
    ]);
    expect(await at(Number.MAX_SAFE_INTEGER)).toEqual([
      expect.stringMatching(/^document_fresh: .*future: \d+ ms/),
    ]);
  });

  it.each([0, 1, 2])('PCR%i is there and not zero: no debug, whatever the policy', async (index) => {
    const anything = { ...policy, composeHashes: null, nitro: { pcrs: null } };
    const zero = write({}, { pcrs: { ...fields.pcrs, [index]: new Uint8Array(48) } });
    expect(failures(await verify(zero, { policy: anything }))).toEqual([
      `not_debug: PCR${index} is zero: the enclave runs under debug`,
    ]);
    const others = [0, 1, 2, 3].filter((other) => other !== index).map((other) => pcr(other, 48));
    const missing = write(member('pcrs', cborMap(others)));
    expect(failures(await verify(missing, { policy: anything }))).toEqual([
      `not_debug: PCR${index} is missing`,
    ]);
  });

  it('registers: each named one has an accepted value', async () => {
    const rules = (pcrs: Record<string, string[]>): { policy: typeof policy } => ({
      policy: { ...policy, composeHashes: null, nitro: { pcrs } },
    });
    const [a0, a4] = [toHex(fields.pcrs[0]!), toHex(fields.pcrs[4]!)];
    expect(failures(await verify(write(), rules({ '0': ['00'.repeat(48), a0], '4': [a4] })))).toEqual([]);
    expect(failures(await verify(write(), rules({ '0': [a0], '4': [a0] })))).toEqual([
      `pcrs_accepted: PCR4 ${a4} is not in the policy`,
    ]);
    expect(failures(await verify(write(), rules({ '0': [] })))).toEqual([
      `pcrs_accepted: PCR0 ${a0} is not in the policy`,
    ]);
    expect(failures(await verify(write(), rules({ '20': [a0] })))).toEqual([
      'pcrs_accepted: PCR20 is missing; the policy asks for it',
    ]);
  });

  it('an application: the image is one if PCR0 is pinned, else the claim stays open', async () => {
    const outcome = async (
      pcrs: Record<string, string[]> | null,
      composeHashes: string[] | null,
    ): Promise<unknown> => {
      const { claims, outcome: whole } = await verify(write(), {
        policy: { ...policy, composeHashes, nitro: { pcrs } },
      });
      const claim = claims.find(({ name }) => name === 'compose_accepted');
      return [whole, claim?.outcome, claim?.optional];
    };
    const pin = (index: number): Record<string, string[]> => ({ [index]: [toHex(fields.pcrs[index]!)] });
    expect(await outcome(pin(0), [])).toEqual(['pass', 'pass', undefined]);
    expect(await outcome(pin(4), [])).toEqual(['unknown', 'unknown', undefined]);
    expect(await outcome(null, [])).toEqual(['unknown', 'unknown', undefined]);
    expect(await outcome({}, [])).toEqual(['unknown', 'unknown', undefined]);
    expect(await outcome(null, null)).toEqual(['pass', 'unknown', true]);
    expect(await outcome({ '0': ['00'.repeat(48)] }, [])).toEqual(['fail', 'unknown', undefined]);
  });

  it('what is bound: all bytes of user_data, and nothing in the place of it', async () => {
    const bound = (document: Uint8Array, expected?: Uint8Array): Promise<readonly string[]> =>
      verify(document, expected === undefined ? {} : { expectedReportData: expected }).then(failures);
    const wrong = [expect.stringMatching(/^report_data_bound: report data is/)];
    expect(await bound(write(), reportData.slice(0, 63))).toEqual(wrong);
    expect(await bound(write(), concatBytes(reportData, Uint8Array.of(0)))).toEqual(wrong);
    const asNonce = { userData: new Uint8Array(0), nonce: reportData, publicKey: reportData };
    expect(await bound(write({}, asNonce))).toEqual(wrong);
    expect(await bound(write(member('user_data', undefined)))).toEqual(wrong);
    const { claims, outcome } = await verify(write(), { policy });
    const claim = claims.find(({ name }) => name === 'report_data_bound');
    const [range] = claim?.bytes ?? [];
    expect(outcome).toBe('pass');
    expect(toHex(write().slice(range?.offset, (range?.offset ?? 0) + (range?.length ?? 0)))).toBe(
      toHex(reportData),
    );
  });

  it('which machine: the parent instance', async () => {
    const on = (
      platforms: { allow: string[] | null; deny: string[] },
      moduleId?: string,
    ): Promise<readonly string[]> =>
      verify(write({}, moduleId === undefined ? {} : { moduleId }), {
        policy: { ...policy, platforms },
      }).then(failures);
    const id = '0123456789abcdef0';
    expect(await on({ allow: [id], deny: [] })).toEqual([]);
    expect(await on({ allow: null, deny: [id] })).toEqual([
      `platform_accepted: the policy denies platform ${id}`,
    ]);
    expect(await on({ allow: ['0123456789abcdef1'], deny: [] })).toEqual([
      `platform_accepted: platform ${id} is not in the policy`,
    ]);
    expect(await on({ allow: [id], deny: [] }, `something-${id}`)).toEqual([
      expect.stringMatching(/^platform_accepted: the evidence names no platform/),
    ]);
  });

  it('the kind', async () => {
    const verdict = await verify(write(), { policy: { ...policy, kinds: ['tdx'] } });
    expect(failures(verdict)).toEqual(['kind_accepted: the policy accepts tdx, not nitro']);
    expect(verdict.measured).toBeNull();
  });

  it('members may stand in any order', async () => {
    const reversed = Object.entries(nitroMembers(fields, vendor)).toReversed();
    const none = Object.fromEntries(reversed.map(([name]) => [name, undefined]));
    const extra = reversed.map(([name, value]) => [cborText(name), value ?? cborNull] as const);
    expect((await verify(write({ members: none, extra }))).outcome).toBe('pass');
  });
});
