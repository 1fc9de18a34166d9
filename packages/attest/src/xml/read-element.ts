import { formatError } from '../attest-error.ts';
import { isElement, type XmlElement } from './xml-element.ts';

const joinText = (element: XmlElement): string =>
  element.children.map((child) => (isElement(child) ? '' : child)).join('');

/**
 * The child elements, which must have these names in this order and nothing but white space between them. Throws
 * `ATTEST_FORMAT`.
 */
export function elementsOf(
  parent: XmlElement,
  namespace: string,
  localNames: readonly string[],
  what: string,
): readonly XmlElement[] {
  const children = parent.children.filter(isElement);
  const text = joinText(parent);
  if (/[^ \t\n\r]/.test(text)) throw formatError(what, `${parent.localName} holds text`, parent.offset);
  const fits =
    children.length === localNames.length &&
    children.every((child, i) => child.namespace === namespace && child.localName === localNames[i]);
  if (!fits) {
    const expected = localNames.join(', ');
    throw formatError(what, `${parent.localName} does not hold exactly ${expected}`, parent.offset);
  }
  return children;
}

/** The text of an element that holds no elements. Throws `ATTEST_FORMAT`. */
export function textOf(element: XmlElement, what: string): string {
  if (element.children.some(isElement)) {
    throw formatError(what, `${element.localName} holds elements`, element.offset);
  }
  return joinText(element);
}

/**
 * The values of the attributes, which must be exactly these. A name is `local`, or `{namespace}local`. Throws
 * `ATTEST_FORMAT`.
 */
export function assertAttributes(
  element: XmlElement,
  names: readonly string[],
  what: string,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { namespace, localName, value } of element.attributes) {
    const name = namespace === '' ? localName : `{${namespace}}${localName}`;
    if (!names.includes(name)) {
      throw formatError(what, `${element.localName} has an unknown attribute ${localName}`, element.offset);
    }
    values.set(name, value);
  }
  const missing = names.find((name) => !values.has(name));
  if (missing !== undefined) {
    throw formatError(what, `${element.localName} lacks the attribute ${missing}`, element.offset);
  }
  return values;
}
