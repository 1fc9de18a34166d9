import {
  isElement,
  lookUpNamespace,
  namespacesInScope,
  type XmlAttribute,
  type XmlElement,
} from './xml-element.ts';

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
};
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

const escapeText = (text: string): string =>
  text.replace(/[&<>\r]/g, (character) => TEXT_ESCAPES[character]!);
const escapeAttribute = (text: string): string =>
  text.replace(/[&<"\t\n\r]/g, (character) => ATTRIBUTE_ESCAPES[character]!);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const qualified = (prefix: string, localName: string): string =>
  prefix === '' ? localName : `${prefix}:${localName}`;

/** The declarations that an element needs: those that its parent in the output does not already have. */
function declarations(element: XmlElement, isApex: boolean): [prefix: string, namespace: string][] {
  const candidates = isApex ? namespacesInScope(element.scope) : element.scope.own;
  const inherited = isApex ? undefined : element.scope.parent;
  return [...candidates]
    .filter(([prefix, namespace]) => lookUpNamespace(inherited, prefix) !== namespace)
    .sort(([a], [b]) => compare(a, b));
}

const byName = (a: XmlAttribute, b: XmlAttribute): number =>
  compare(a.namespace, b.namespace) || compare(a.localName, b.localName);

function write(element: XmlElement, omitted: XmlElement | undefined, isApex: boolean): string {
  const name = qualified(element.prefix, element.localName);
  let out = `<${name}`;
  for (const [prefix, namespace] of declarations(element, isApex)) {
    out += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(namespace)}"`;
  }
  for (const { prefix, localName, value } of [...element.attributes].sort(byName)) {
    out += ` ${qualified(prefix, localName)}="${escapeAttribute(value)}"`;
  }
  out += '>';
  for (const child of element.children) {
    if (!isElement(child)) out += escapeText(child);
    else if (child !== omitted) out += write(child, omitted, false);
  }
  return `${out}</${name}>`;
}

/**
 * Canonical XML 1.1 (inclusive, without comments) of an element and all that is in it, but for `omitted`. In the subset
 * that `parseXml` reads it is the same as Canonical XML 1.0.
 */
export function canonicalizeXml(element: XmlElement, omitted?: XmlElement): string {
  return write(element, omitted, true);
}
