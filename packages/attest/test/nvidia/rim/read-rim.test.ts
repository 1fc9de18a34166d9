import { readRim } from '@dcml/attest';
import { concatBytes } from '@dcml/core';
import { createRimSigner, type RimDeviation, type RimRole, rimRoles, writeRim } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { fields, NOW_MS, options, read, rootOf, signer } from './simulated-rim.ts';

const replacing = (from: string | RegExp, to: string): ((text: string) => string) => {
  return (text) => {
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${String(from)} is not in the text`);
    return changed;
  };
};
const signed = (from: string | RegExp, to: string): RimDeviation => ({ beforeSigning: replacing(from, to) });
/** Namespaces of the root stand in the canonical SignedInfo too. */
const inScope = (from: RegExp, to: string): RimDeviation => ({ ...signed(from, to), ...info(from, to) });
const info = (from: string | RegExp, to: string): RimDeviation => ({ signedInfo: replacing(from, to) });
const after = (from: string | RegExp, to: string): RimDeviation => ({ afterSigning: replacing(from, to) });

const SIGNATURE = /<ds:Signature .*<\/ds:Signature>/s;
const sound = writeRim(fields, signer);
const signature = SIGNATURE.exec(sound)?.[0] ?? '';
const [firstCertificate = ''] = /<ds:X509Certificate>.*?<\/ds:X509Certificate>/s.exec(sound) ?? [];

/** What is wrong, how the refusal says so, and the deviation. All but the last group are signed by the right key. */
const refused: readonly (readonly [what: string, problem: RegExp, deviation: RimDeviation])[] = [
  // The tag
  ['another root element', /no SoftwareIdentity/, signed(/SoftwareIdentity(?=[ >])/g, 'Software')],
  ['another namespace', /no SoftwareIdentity/, inScope(/xmlns="[^"]*"/, 'xmlns="urn:other"')],
  ['a corpus tag', /corpus is not false/, signed('corpus="false"', 'corpus="true"')],
  ['a patch', /patch is not false/, signed('patch="false"', 'patch="true"')],
  ['a supplement', /supplemental is not false/, signed('supplemental="false"', 'supplemental="true"')],
  ['a tagId that is no hash', /tagId is not 96/, signed(/tagId="../, 'tagId="ZZ')],
  ['an unknown attribute', /unknown attribute media/, signed('name="GH100"', 'media="x" name="GH100"')],
  ['a missing attribute', /lacks the attribute tagVersion/, signed(' tagVersion="0"', '')],
  ['text in the tag', /holds text/, signed('<ns0:Meta', 'x<ns0:Meta')],
  [
    'an element too many',
    /exactly Entity, Meta, Payload/,
    signed('<ns0:Meta', '<ns0:Link></ns0:Link><ns0:Meta'),
  ],
  [
    'parts in another order',
    /exactly Entity, Meta, Payload/,
    signed(/(<ns0:Entity.*?<\/ns0:Entity>)(\s*)(<ns0:Meta.*?<\/ns0:Meta>)/s, '$3$2$1'),
  ],
  ['no payload', /exactly Entity, Meta, Payload/, signed(/<ns0:Payload.*<\/ns0:Payload>/s, '')],
  ['an entity without a role', /Entity lacks the attribute role/, signed(/ role="[^"]*"/, '')],
  [
    'an entity that holds something',
    /Entity does not hold/,
    signed('</ns0:Entity>', '<ns0:Meta></ns0:Meta></ns0:Entity>'),
  ],
  ['metadata that holds text', /Meta holds text/, signed('</ns0:Meta>', 'x</ns0:Meta>')],
  [
    'an indirect payload',
    /PayloadType is not direct/,
    signed('PayloadType="direct"', 'PayloadType="indirect"'),
  ],
  ['another binding', /BindingSpec is not RIMIM/, signed('BindingSpec="RIMIM"', 'BindingSpec="PC"')],
  [
    'another maker',
    /FirmwareManufacturer is not NVIDIA/,
    signed('FirmwareManufacturer="NVIDIA Corporation"', 'FirmwareManufacturer="Other"'),
  ],
  [
    'another maker by number',
    /FirmwareManufacturerId is not 5703/,
    signed('FirmwareManufacturerId="5703"', 'FirmwareManufacturerId="1"'),
  ],
  [
    'metadata in a foreign namespace',
    /unknown attribute BindingSpec/,
    signed(/xmlns:ns1="[^"]*"/, 'xmlns:ns1="urn:other"'),
  ],
  ['an unknown edition', /neither GPU nor SWITCH/, signed('edition="GPU"', 'edition="DPU"')],
  ['a product that is no name', /product is no name/, signed('product="GH100"', 'product="GH 100"')],
  ['a version of neither kind', /no version of GPU/, signed('"550.90.07"', '"550"')],
  ['a switch with a driver', /no version of SWITCH/, signed('edition="GPU"', 'edition="SWITCH"')],
  // Measurements
  [
    'an empty payload',
    /Payload is empty/,
    signed(/(<ns0:Payload[^>]*>).*<\/ns0:Payload>/s, '$1</ns0:Payload>'),
  ],
  [
    'a payload with an attribute',
    /Payload has an unknown attribute/,
    signed(
      '<ns0:Payload xmlns:SHA384="http://www.w3.org/2001/04/xmlenc#sha384"',
      '<ns0:Payload xmlns:SHA384="http://www.w3.org/2001/04/xmlenc#sha384" x="y"',
    ),
  ],
  ['another type of resource', /no Measurement/, signed('type="Measurement"', 'type="File"')],
  [
    'another element in the payload',
    /does not hold exactly Resource/,
    signed(/ns0:Resource(.*?)ns0:Resource/, 'ns0:File$1ns0:File'),
  ],
  ['a resource that holds something', /Resource holds text/, signed('></ns0:Resource>', '>x</ns0:Resource>')],
  [
    'fewer hashes than alternatives',
    /alternatives is not the number/,
    signed('alternatives="2"', 'alternatives="3"'),
  ],
  [
    'more hashes than alternatives',
    /alternatives is not the number/,
    signed('alternatives="2"', 'alternatives="1"'),
  ],
  [
    'no hash',
    /alternatives is not the number/,
    signed(/alternatives="1"([^>]*) ns2:Hash0="[^"]*"/, 'alternatives="0"$1'),
  ],
  ['hashes that are not numbered from zero', /unknown attribute Hash2/, signed('ns2:Hash1', 'ns2:Hash2')],
  ['a hash of another algorithm', /unknown attribute Hash0/, inScope(/(xmlns:ns2="[^"]*)384"/, '$1512"')],
  ['a short hash', /hash is not 96/, signed('"abab', '"ab')],
  ['a hash in capitals', /hash is not 96/, signed('"abab', '"ABAB')],
  ['another size', /size is not/, signed('size="48"', 'size="32"')],
  ['an index twice', /index 7 comes twice/, signed('index="9"', 'index="7"')],
  ['an index that is too large', /index is not a number/, signed('index="63"', 'index="255"')],
  ['an index with a zero in front', /index is not a number/, signed('index="63"', 'index="063"')],
  ['an index that is no number', /index is not a number/, signed('index="63"', 'index="x"')],
  ['an activity of neither value', /neither True nor False/, signed('active="True"', 'active="true"')],
  [
    'an element of another namespace',
    /exactly Entity, Meta, Payload/,
    signed(/<ns0:Entity (.*?)<\/ns0:Entity>/, '<x:Entity xmlns:x="urn:x" $1</x:Entity>'),
  ],
  // The signature
  [
    'transforms with an id',
    /Transforms has an unknown attribute/,
    info('<ds:Transforms>', '<ds:Transforms Id="x">'),
  ],
  [
    'a digest value with an id',
    /DigestValue has an unknown attribute/,
    info('<ds:DigestValue>', '<ds:DigestValue Id="x">'),
  ],
  [
    'another canonical form',
    /CanonicalizationMethod is not/,
    info('2006/12/xml-c14n11', '2001/10/xml-exc-c14n#'),
  ],
  ['another signature method', /SignatureMethod is not/, info('#ecdsa-sha384', '#ecdsa-sha256')],
  ['a reference to a part', /does not refer to the whole/, info('URI=""', 'URI="#part"')],
  ['a reference with an id', /unknown attribute Id/, info('URI=""', 'Id="x" URI=""')],
  ['two references', /does not hold exactly Canon/, info(/(<ds:Reference.*<\/ds:Reference>)/s, '$1$1')],
  ['no transform', /Transforms does not hold exactly/, info(/<ds:Transform .*<\/ds:Transform>/s, '')],
  [
    'a transform too many',
    /Transforms does not hold exactly/,
    info(
      '</ds:Transforms>',
      '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"></ds:Transform></ds:Transforms>',
    ),
  ],
  ['another first transform', /Transform is not/, info('#enveloped-signature', '#base64')],
  [
    'another second transform',
    /Transform is not/,
    info(/xml-c14n11("><\/ds:Transform><\/ds:Transforms>)/, 'xml-c14n11#WithComments$1'),
  ],
  ['a transform with parameters', /Transform is not/, info('</ds:Transform>', 'x</ds:Transform>')],
  ['another digest', /DigestMethod is not/, info('xmldsig-more#sha384', 'xmlenc#sha256')],
  ['another digest value', /digest of the document/, info(/DigestValue>..../, 'DigestValue>AAAA')],
  ['a digest that is no base64', /base64/, info(/DigestValue>./, 'DigestValue>!')],
  ['a digest that is cut', /digest of the document/, info(/DigestValue>..../, 'DigestValue>')],
  [
    'a SignedInfo with an attribute',
    /SignedInfo has an unknown attribute/,
    {
      ...info(/(<ds:SignedInfo [^>]*)>/, '$1 Id="x">'),
      ...after('<ds:SignedInfo>', '<ds:SignedInfo Id="x">'),
    },
  ],
  // What nobody signed
  ['no signature', /is no signature/, after(SIGNATURE, '')],
  [
    'a signature element of another namespace',
    /is no signature/,
    after(/<ds:Signature (.*)<\/ds:Signature>/s, '<ns0:Signature $1</ns0:Signature>'),
  ],
  ['two signatures', /stand outside it/, after(SIGNATURE, signature + signature)],
  ['a signature that is not last', /is no signature/, after('</ds:Signature>', '</ds:Signature><ns0:Meta/>')],
  [
    'a signature inside the payload',
    /is no signature/,
    {
      afterSigning: (file) =>
        file.replace(SIGNATURE, '').replace('</ns0:Payload>', `${signature}</ns0:Payload>`),
    },
  ],
  [
    'a signature element elsewhere',
    /stand outside it/,
    after('<ns0:Meta ', '<ds:Object xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/><ns0:Meta '),
  ],
  [
    'an object in the signature',
    /does not hold exactly SignedInfo/,
    after('</ds:KeyInfo>', '</ds:KeyInfo><ds:Object/>'),
  ],
  [
    'a signature with an id',
    /Signature has an unknown attribute/,
    after('<ds:Signature ', '<ds:Signature Id="x" '),
  ],
  [
    'a signature value with an id',
    /SignatureValue has an unknown/,
    after('<ds:SignatureValue', '<ds:SignatureValue Id="x"'),
  ],
  [
    'a signature value that holds an element',
    /SignatureValue holds elements/,
    after('</ds:SignatureValue>', '<ds:Object/></ds:SignatureValue>'),
  ],
  ['a signature value of 93 bytes', /not 96 bytes/, after(/SignatureValue>..../, 'SignatureValue>')],
  [
    'key information with a name',
    /KeyInfo does not hold exactly/,
    after('<ds:KeyInfo>', '<ds:KeyInfo><ds:KeyName>x</ds:KeyName>'),
  ],
  ['key information with an id', /KeyInfo has an unknown/, after('<ds:KeyInfo>', '<ds:KeyInfo Id="x">')],
  ['X509Data with an attribute', /X509Data has an unknown/, after('<ds:X509Data>', '<ds:X509Data Id="x">')],
  [
    'a certificate with an attribute',
    /X509Certificate has an unknown/,
    after('<ds:X509Certificate>', '<ds:X509Certificate Id="x">'),
  ],
  ['no certificate', /holds 0 certificates/, after(/<ds:X509Certificate>.*<\/ds:X509Certificate>/s, '')],
  ['seven certificates', /holds 7 certificates/, after(firstCertificate, firstCertificate.repeat(4))],
  ['a certificate that is none', /certificate/, after(/X509Certificate>..../, 'X509Certificate>AAAA')],
  ['a declared document type', /DOCTYPE/, after(/^/, '<!DOCTYPE SoftwareIdentity [<!ENTITY a "b">]>')],
  ['a changed measurement', /digest of the document/, after('abab', 'abac')],
  ['a removed measurement', /digest of the document/, after(/<ns0:Resource[^>]*\/>/, '')],
  ['an added measurement', /digest of the document/, after(/(<ns0:Resource[^>]*\/>)/, '$1$1')],
  ['a changed version', /digest of the document/, after('550.90.07', '550.90.08')],
  ['added white space', /digest of the document/, after('<ns0:Meta', ' <ns0:Meta')],
  ['a renamed prefix', /signature is wrong/, after(/ns2/g, 'ns3')],
];

describe('a manifest of NVIDIA', () => {
  it.each([
    ['driver', '550.90.07', 'NV_GPU_DRIVER_GH100_550.90.07', 'driver', 'GPU'],
    ['driver', '545.00', 'NV_GPU_DRIVER_GH100_545.00', 'driver', 'GPU'],
    ['vbios', '96.00.5E.00.01', 'NV_GPU_VBIOS_GH100_96.00.5E.00.01', 'vbios', 'GPU'],
    ['switch-bios', '96.10.55.00.01', 'NV_SWITCH_BIOS_LS10_96.10.55.00.01', 'vbios', 'SWITCH'],
  ] as const)('%s %s is read as %s', async (kind, version, id, read, edition) => {
    const { rim, problem, certificates } = await readRim(
      writeRim({ ...fields, kind, version }, signer),
      options,
    );
    expect(problem).toBeUndefined();
    expect(rim).toMatchObject({ id, kind: read, version, edition });
    expect(rim?.measurements).toHaveLength(64);
    const named = rim?.measurements.filter((measurement) => [0, 7, 8, 9].includes(measurement.index));
    expect(named).toEqual([
      { index: 0, active: true, name: 'Measurement_0', algorithm: 'sha384', values: ['ab'.repeat(48)] },
      {
        index: 7,
        active: true,
        name: 'MixedMeasurement_7',
        algorithm: 'sha384',
        values: ['01'.repeat(48), '23'.repeat(48)],
      },
      { index: 8, active: false, name: 'Measurement_8', algorithm: 'sha384', values: ['00'.repeat(48)] },
      { index: 9, active: false, name: 'Measurement_9', algorithm: 'sha384', values: ['45'.repeat(48)] },
    ]);
    expect(certificates.map((certificate) => certificate.serial)).toEqual(['5101', '5102', '5103', '5104']);
  });

  it('holds up to 16 alternatives', async () => {
    const values = Array.from({ length: 16 }, (_, i) => i.toString(16).repeat(96));
    const { rim } = await read({}, { measurements: [{ index: 254 - 200, values }] });
    expect(rim?.measurements[54]?.values).toEqual(values);
    const tooMany = await read({}, { measurements: [{ index: 0, values: [...values, values[0]!] }] });
    expect(tooMany.problem).toMatch(/alternatives/);
  });

  it.each(refused)('with %s is refused', async (_, problem, deviation) => {
    const result = await read(deviation);
    expect(result.problem).toMatch(problem);
    expect(result.rim).toBeUndefined();
  });

  it('is not believed where its signature covers another document', async () => {
    // The signed manifest is wrapped into one that says something else: the signature then is no longer the root's.
    const evil = sound.replace('abab', 'cdcd').replace(SIGNATURE, '');
    const wrapped = [
      evil.replace('</SoftwareIdentity>', `${sound.trim()}</SoftwareIdentity>`),
      evil.replace(
        '</SoftwareIdentity>',
        `<ns0:Object>${sound.trim()}</ns0:Object>${signature}</SoftwareIdentity>`,
      ),
      evil.replace('<ns0:Meta', `${signature}<ns0:Meta`),
      `${sound.trim()}${evil}`,
      evil.replace('</SoftwareIdentity>', `${signature}</SoftwareIdentity>`),
    ];
    for (const xml of wrapped) {
      const { rim, problem } = await readRim(xml, options);
      expect(rim).toBeUndefined();
      expect(problem).toBeDefined();
    }
  });

  it('reads only what is signed: comments leave nothing behind', async () => {
    const commented = sound
      .replace('<ns0:Meta', '<!-- <ns0:Meta/> --><ns0:Meta')
      .replace('</ds:SignedInfo>', '<!----></ds:SignedInfo>');
    const { rim } = await readRim(commented, options);
    expect(rim).toEqual((await read()).rim);
  });

  it('says the same with white space in base64', async () => {
    const spaced = sound.replace(/SignatureValue>(.{20})/, 'SignatureValue>\n\t$1&#13;\n ');
    expect((await readRim(spaced, options)).rim).toEqual((await read()).rim);
  });
});

describe("the signer's chain", () => {
  const asSigner = (
    role: RimRole,
    certificate: Record<string, unknown>,
  ): ReturnType<typeof createRimSigner> =>
    createRimSigner({ nowMs: NOW_MS, certificates: { [role]: certificate } });

  it.each(rimRoles)('%s expired or of the future', async (role) => {
    const expired = asSigner(role, { notAfterMs: NOW_MS - 1000 });
    const future = asSigner(role, { notBeforeMs: NOW_MS + 1000 });
    for (const other of [expired, future]) {
      const result = await readRim(writeRim(fields, other), rootOf(other));
      expect(result.problem).toMatch(/NVIDIA RIM signer: .*valid from/);
      expect(result.rim).toBeUndefined();
      expect(result.certificates).toHaveLength(4);
    }
  });

  it('holds at the first and the last moment of its validity', async () => {
    for (const nowMs of [NOW_MS - 30 * 86_400_000, NOW_MS + 365 * 86_400_000]) {
      expect((await readRim(sound, { ...options, nowMs })).problem).toBeUndefined();
    }
    expect((await readRim(sound, { ...options, nowMs: NOW_MS + 365 * 86_400_000 + 1 })).rim).toBeUndefined();
  });

  it('ends in a root of the policy, byte for byte', async () => {
    const other = createRimSigner({ nowMs: NOW_MS });
    expect((await readRim(writeRim(fields, other), options)).problem).toMatch(/not a root of the policy/);
    expect((await readRim(sound, { ...options, roots: [] })).problem).toMatch(/not a root of the policy/);
    const cut = await readRim(writeRim(fields, signer, { chain: signer.chain.slice(0, 3) }), options);
    expect(cut.problem).toMatch(/not a root of the policy/);
    const onlyRoot = await readRim(writeRim(fields, signer, { chain: signer.chain.slice(3) }), options);
    expect(onlyRoot.problem).toMatch(/no leaf under the root/);
  });

  it.each([
    ['a CA as signer', asSigner('signer', { pathLength: 0 }), /not a signing leaf/],
    ['an issuer that is no CA', asSigner('series', { pathLength: undefined }), /is no CA/],
    ['an issuer that permits no CA below it', asSigner('product', { pathLength: 0 }), /permits no CA/],
    ['another issuer name', asSigner('signer', { issuer: 'somebody' }), /names another issuer/],
    [
      'an unknown critical extension',
      asSigner('signer', { extraExtensions: [{ oid: '1.2.3', value: new Uint8Array(2), critical: true }] }),
      /not understood/,
    ],
  ])('with %s is refused', async (_, other, problem) => {
    expect((await readRim(writeRim(fields, other), rootOf(other))).problem).toMatch(problem);
  });

  it('is signed in every link, in its order', async () => {
    const other = createRimSigner({ nowMs: NOW_MS });
    const swapped = [signer.chain[0]!, signer.chain[2]!, signer.chain[1]!, signer.chain[3]!];
    for (const chain of [[other.chain[0]!, ...signer.chain.slice(1)], swapped]) {
      const { rim, problem } = await readRim(writeRim(fields, signer, { chain }), options);
      expect(problem).toMatch(/is wrong|names another issuer/);
      expect(rim).toBeUndefined();
    }
  });

  it('carries the key that signed', async () => {
    const other = createRimSigner({ nowMs: NOW_MS });
    const result = await readRim(writeRim(fields, other, { chain: signer.chain }), options);
    expect(result.problem).toMatch(/signature is wrong/);
    expect(result.certificates).toHaveLength(4);
  });

  it('is DER and canonical base64 and nothing else', async () => {
    const trailing = signer.chain.map((der) => concatBytes(der, Uint8Array.of(0)));
    expect((await readRim(writeRim(fields, signer, { chain: trailing }), options)).problem).toMatch(
      /unexplained/,
    );
    const cut = sound.replace(/X509Certificate>./, 'X509Certificate>');
    expect((await readRim(cut, options)).problem).toMatch(/base64/);
  });
});
