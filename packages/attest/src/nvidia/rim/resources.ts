import { formatError } from '../../attest-error.ts';
import { assertAttributes, elementsOf } from '../../xml/read-element.ts';
import { isElement, type XmlElement } from '../../xml/xml-element.ts';
import type { RimMeasurement } from '../rim-types.ts';

const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384';
/** An SPDM block has one byte of index, and 255 stands for all blocks (DMTF DSP0274). */
const MAX_INDEX = 254;
const MAX_ALTERNATIVES = 16;

function readResource(resource: XmlElement, namespace: string, what: string): RimMeasurement {
  const { offset } = resource;
  const count = resource.attributes.filter((attribute) => attribute.namespace === SHA384).length;
  const hashes = Array.from({ length: count }, (_, i) => `{${SHA384}}Hash${i}`);
  const fixed = ['type', 'index', 'active', 'alternatives', 'name', 'size'];
  const attributes = assertAttributes(resource, [...fixed, ...hashes], what);
  elementsOf(resource, namespace, [], what);
  const read = (name: string): string => attributes.get(name) ?? '';
  if (read('type') !== 'Measurement') throw formatError(what, 'Resource is no Measurement', offset);
  if (count < 1 || count > MAX_ALTERNATIVES || read('alternatives') !== String(count)) {
    throw formatError(what, 'alternatives is not the number of hashes', offset);
  }
  const index = Number(read('index'));
  if (!Number.isInteger(index) || index < 0 || index > MAX_INDEX || read('index') !== String(index)) {
    throw formatError(what, `index is not a number from 0 to ${MAX_INDEX}`, offset);
  }
  const active = read('active');
  if (active !== 'True' && active !== 'False') {
    throw formatError(what, 'active is neither True nor False', offset);
  }
  if (read('size') !== '48') throw formatError(what, 'size is not that of SHA-384', offset);
  const values = hashes.map(read);
  if (values.some((value) => !/^[0-9a-f]{96}$/.test(value))) {
    throw formatError(what, 'hash is not 96 lowercase hex digits', offset);
  }
  return { index, active: active === 'True', name: read('name'), algorithm: 'sha384', values };
}

/** The golden values of a payload, each index at most once. Throws `ATTEST_FORMAT`. */
export function readResources(payload: XmlElement, namespace: string, what: string): RimMeasurement[] {
  assertAttributes(payload, [], what);
  const count = payload.children.filter(isElement).length;
  if (count === 0) throw formatError(what, 'Payload is empty', payload.offset);
  const names = Array.from({ length: count }, () => 'Resource');
  const seen = new Set<number>();
  return elementsOf(payload, namespace, names, what).map((resource) => {
    const measurement = readResource(resource, namespace, what);
    if (seen.has(measurement.index)) {
      throw formatError(what, `index ${measurement.index} comes twice`, resource.offset);
    }
    seen.add(measurement.index);
    return measurement;
  });
}
