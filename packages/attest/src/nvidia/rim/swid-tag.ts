import { formatError } from '../../attest-error.ts';
import { assertAttributes, elementsOf } from '../../xml/read-element.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Rim } from '../rim-types.ts';
import { readResources } from './resources.ts';

const WHAT = 'NVIDIA RIM';
const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd';
const TCG_RIM =
  'https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/';

const ROOT_ATTRIBUTES = ['corpus', 'name', 'patch', 'supplemental', 'tagId', 'tagVersion', 'version'];
const META_ATTRIBUTES = [
  ...['colloquialVersion', 'edition', 'product', 'revision', 'PayloadType'],
  ...[
    'BindingSpec',
    'BindingSpecVersion',
    'PlatformManufacturerId',
    'PlatformManufacturerStr',
    'PlatformModel',
    'FirmwareManufacturer',
    'FirmwareManufacturerId',
  ].map((name) => `{${TCG_RIM}}${name}`),
];

/** What a manifest for another purpose, or one that is not complete in itself, would say otherwise. */
const FIXED_META: readonly (readonly [string, string])[] = [
  ['PayloadType', 'direct'],
  [`{${TCG_RIM}}BindingSpec`, 'RIMIM'],
  [`{${TCG_RIM}}FirmwareManufacturer`, 'NVIDIA Corporation'],
  [`{${TCG_RIM}}FirmwareManufacturerId`, '5703'],
];

/** Such as 96.00.5E.00.01: five bytes in capital hex. */
const FIRMWARE_VERSION = /^[0-9A-F]{2}(?:\.[0-9A-F]{2}){4}$/;
/** Such as 550.144.03 and 545.00. */
const DRIVER_VERSION = /^[0-9]{3,4}(?:\.[0-9]{1,4}){1,2}$/;
const PRODUCT = /^[A-Z0-9]{2,16}$/;

/** A manifest with the name that it gives itself. */
export interface NvidiaRimTag extends Rim {
  /** 96 lowercase hex digits. */
  readonly tagId: string;
}

/** Nothing in a manifest says what it is about; the two kinds of version have no text in common. */
function kindOf(version: string, edition: string): Rim['kind'] {
  if (FIRMWARE_VERSION.test(version)) return 'vbios';
  // A switch has no driver of its own.
  if (edition === 'GPU' && DRIVER_VERSION.test(version)) return 'driver';
  throw formatError(WHAT, `colloquialVersion ${JSON.stringify(version)} is no version of ${edition}`);
}

/** Reads the software identity of a manifest without its signature. Throws `ATTEST_FORMAT`. */
export function readSwidTag(root: XmlElement): NvidiaRimTag {
  if (root.namespace !== SWID || root.localName !== 'SoftwareIdentity') {
    throw formatError(WHAT, 'is no SoftwareIdentity of ISO 19770-2:2015', root.offset);
  }
  const identity = assertAttributes(root, ROOT_ATTRIBUTES, WHAT);
  for (const flag of ['corpus', 'patch', 'supplemental']) {
    if (identity.get(flag) !== 'false') throw formatError(WHAT, `${flag} is not false`, root.offset);
  }
  const tagId = identity.get('tagId') ?? '';
  if (!/^[0-9a-f]{96}$/.test(tagId)) throw formatError(WHAT, 'tagId is not 96 hex digits', root.offset);

  const [entity, meta, payload] = elementsOf(root, SWID, ['Entity', 'Meta', 'Payload'], WHAT) as [
    XmlElement,
    XmlElement,
    XmlElement,
  ];
  assertAttributes(entity, ['name', 'role'], WHAT);
  elementsOf(entity, SWID, [], WHAT);
  const about = assertAttributes(meta, META_ATTRIBUTES, WHAT);
  elementsOf(meta, SWID, [], WHAT);
  for (const [name, value] of FIXED_META) {
    if (about.get(name) !== value) throw formatError(WHAT, `${name} is not ${value}`, meta.offset);
  }
  const edition = about.get('edition');
  if (edition !== 'GPU' && edition !== 'SWITCH') {
    throw formatError(WHAT, 'edition is neither GPU nor SWITCH', meta.offset);
  }
  const product = about.get('product') ?? '';
  if (!PRODUCT.test(product)) throw formatError(WHAT, 'product is no name of a chip', meta.offset);
  const version = about.get('colloquialVersion') ?? '';
  const kind = kindOf(version, edition);
  const family = edition === 'SWITCH' ? 'NV_SWITCH_BIOS' : `NV_GPU_${kind.toUpperCase()}`;
  const id = `${family}_${product}_${version}`;
  const measurements = readResources(payload, SWID, WHAT);
  return { id, kind, version, measurements, tagId, product, edition };
}
