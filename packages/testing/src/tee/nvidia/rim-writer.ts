import { createHash } from 'node:crypto';
import { encodeUtf8, toBase64 } from '@dcml/core';
import { signWith } from '../signing-key.ts';
import type { RimSigner } from './rim-signer.ts';

/** One golden value; by default active, with NVIDIA's plain name. */
export interface RimMeasurementFields {
  /** Counts from zero, as in NVIDIA's manifests. */
  readonly index: number;
  readonly active?: boolean;
  readonly name?: string;
  /** Accepted SHA-384 digests in lowercase hex. */
  readonly values: readonly string[];
}

export interface RimFields {
  readonly kind: 'driver' | 'vbios' | 'switch-bios';
  /** `550.90.07` for a driver, `96.00.5E.00.01` for firmware. */
  readonly version: string;
  /** The chip: `GH100`, or `LS10` for a switch, unless told otherwise. */
  readonly product?: string;
  /** Measurements that are not named here are in the manifest as inactive zeros, 64 in all, as NVIDIA writes them. */
  readonly measurements: readonly RimMeasurementFields[];
}

/** Changes to what is signed and to what is said about the signature, for tests of refusal. */
export interface RimDeviation {
  /** Applied to the canonical text before it is signed. */
  readonly beforeSigning?: (canonical: string) => string;
  /** Applied to the canonical SignedInfo before it is signed. */
  readonly signedInfo?: (canonical: string) => string;
  /** Applied to the file at the end. */
  readonly afterSigning?: (file: string) => string;
  /** Instead of the signer's chain. */
  readonly chain?: readonly Uint8Array[];
}

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd';
const TCG =
  'https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/';
const SHA384_NAMESPACE = 'http://www.w3.org/2001/04/xmlenc#sha384';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const C14N_11 = 'http://www.w3.org/2006/12/xml-c14n11';
/** Namespace declarations of the document element, in canonical order. */
const INHERITED = { xmlns: SWID, ds: DSIG, ns0: SWID, ns2: SHA384_NAMESPACE };

/** An element in canonical form whose names and attributes the caller has in canonical order. */
function element(name: string, attributes: readonly (readonly [string, string])[], content = ''): string {
  return `<${name}${attributes.map(([key, value]) => ` ${key}="${value}"`).join('')}>${content}</${name}>`;
}

function resource({ index, active = true, name, values }: RimMeasurementFields): string {
  return element('ns0:Resource', [
    ['active', active ? 'True' : 'False'],
    ['alternatives', String(values.length)],
    ['index', String(index)],
    ['name', name ?? `Measurement_${index}`],
    ['size', '48'],
    ['type', 'Measurement'],
    ...values.map((value, i) => [`ns2:Hash${i}`, value] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

function payload(measurements: readonly RimMeasurementFields[]): string {
  const indices = Array.from({ length: 64 }, (_, index) => index);
  const rows = indices.map(
    (index) =>
      measurements.find((measurement) => measurement.index === index) ?? {
        index,
        active: false,
        values: ['00'.repeat(48)],
      },
  );
  return rows.map((row) => `\n        ${resource(row)}`).join('');
}

/** The manifest without its signature, in canonical form. */
function writeTag(fields: RimFields): string {
  const isSwitch = fields.kind === 'switch-bios';
  const product = fields.product ?? (isSwitch ? 'LS10' : 'GH100');
  const tagId = createHash('sha384').update(`${product} ${fields.version}`).digest('hex');
  const meta = element('ns0:Meta', [
    ['xmlns:ns1', TCG],
    ['PayloadType', 'direct'],
    ['colloquialVersion', fields.version],
    ['edition', isSwitch ? 'SWITCH' : 'GPU'],
    ['product', product],
    ['revision', 'r1'],
    ['ns1:BindingSpec', 'RIMIM'],
    ['ns1:BindingSpecVersion', '1.01'],
    ['ns1:FirmwareManufacturer', 'NVIDIA Corporation'],
    ['ns1:FirmwareManufacturerId', '5703'],
    ['ns1:PlatformManufacturerId', '5703'],
    ['ns1:PlatformManufacturerStr', 'NVIDIA Corporation'],
    ['ns1:PlatformModel', product],
  ]);
  const entity = element('ns0:Entity', [
    ['name', 'NVIDIA Corporation'],
    ['role', 'softwareCreator tagCreator'],
  ]);
  const rows = element(
    'ns0:Payload',
    [['xmlns:SHA384', SHA384_NAMESPACE]],
    `${payload(fields.measurements)}\n    `,
  );
  return element(
    'SoftwareIdentity',
    [
      ['xmlns', SWID],
      ['xmlns:ns0', SWID],
      ['xmlns:ns2', SHA384_NAMESPACE],
      ['corpus', 'false'],
      ['name', product],
      ['patch', 'false'],
      ['supplemental', 'false'],
      ['tagId', tagId],
      ['tagVersion', '0'],
      ['version', '1.0'],
    ],
    `\n    ${entity}\n    ${meta}\n    ${rows}\n`,
  );
}

const algorithm = (name: string, uri: string): string => element(name, [['Algorithm', uri]]);

function writeSignedInfo(canonical: string): string {
  const digest = createHash('sha384').update(canonical).digest();
  const transforms =
    algorithm('ds:Transform', `${DSIG}enveloped-signature`) + algorithm('ds:Transform', C14N_11);
  const reference =
    element('ds:Transforms', [], transforms) +
    algorithm('ds:DigestMethod', 'http://www.w3.org/2001/04/xmldsig-more#sha384') +
    element('ds:DigestValue', [], toBase64(new Uint8Array(digest)));
  const namespaces = Object.entries(INHERITED).map(
    ([prefix, uri]) => [prefix === 'xmlns' ? prefix : `xmlns:${prefix}`, uri] as const,
  );
  return element(
    'ds:SignedInfo',
    namespaces,
    algorithm('ds:CanonicalizationMethod', C14N_11) +
      algorithm('ds:SignatureMethod', 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384') +
      element('ds:Reference', [['URI', '']], reference),
  );
}

function writeCertificate(der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return element('ds:X509Certificate', [], `${lines.join('\n')}\n`);
}

/** As NVIDIA's files have it: empty elements in one tag, and no namespaces where they are inherited. */
function toFileForm(canonical: string): string {
  return canonical
    .replace(/<ds:SignedInfo [^>]*>/, '<ds:SignedInfo>')
    .replace(/><\/(?:ns0:(?:Entity|Meta|Resource)|ds:(?:\w*Method|Transform))>/g, '/>');
}

/**
 * A reference integrity manifest of the simulated NVIDIA, laid out as NVIDIA's are. It is canonicalized here by
 * construction, without the code under test.
 */
export function writeRim(fields: RimFields, signer: RimSigner, deviation: RimDeviation = {}): string {
  const unchanged = (text: string): string => text;
  const { beforeSigning = unchanged, afterSigning = unchanged, chain = signer.chain } = deviation;
  const tag = beforeSigning(writeTag(fields));
  const signedInfo = (deviation.signedInfo ?? unchanged)(writeSignedInfo(tag));
  const value = toBase64(signWith(signer.keys.signer, encodeUtf8(signedInfo), 'raw'));
  const keyInfo = element('ds:X509Data', [], chain.map(writeCertificate).join(''));
  const signature = element(
    'ds:Signature',
    [['xmlns:ds', DSIG]],
    `${signedInfo}${element('ds:SignatureValue', [], value)}${element('ds:KeyInfo', [], keyInfo)}`,
  );
  const end = tag.lastIndexOf('</');
  const file = `${toFileForm(`${tag.slice(0, end)}${signature}${tag.slice(end)}`)}\n`;
  return afterSigning(file);
}
