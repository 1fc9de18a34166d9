import { lookUpNamespace, type NamespaceScope, type XmlAttribute } from './xml-element.ts';
import type { XmlScanner } from './xml-scanner.ts';
import { resolveReferences } from './xml-text.ts';

const MAX_ATTRIBUTES = 64;
// Names are ASCII, so that their order as text is their order as code points.
const QNAME = /(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)/y;
const ATTRIBUTE =
  /[ \t\n]+(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)[ \t\n]*=[ \t\n]*(?:"([^<"]*)"|'([^<']*)')/y;
const TAG_END = /[ \t\n]*(\/?)>/y;
// Canonical XML 1.1 section 1.3 rejects relative namespace URIs.
const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*$/;
const RESERVED = /^http:\/\/www\.w3\.org\/(?:XML\/1998\/namespace|2000\/xmlns\/)$/;

export interface StartTag {
  readonly prefix: string;
  readonly localName: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  readonly scope: NamespaceScope;
  readonly isEmpty: boolean;
}

interface RawAttribute {
  readonly prefix: string;
  readonly localName: string;
  readonly value: string;
  readonly offset: number;
}

/** The prefix and the local name that come next. */
export function readName(scanner: XmlScanner): { prefix: string; localName: string } {
  const match = scanner.match(QNAME);
  if (match === undefined) return scanner.fail('expected a name');
  return { prefix: match[1] ?? '', localName: match[2]! };
}

function readAttributes(scanner: XmlScanner): RawAttribute[] {
  const attributes: RawAttribute[] = [];
  for (;;) {
    const { offset } = scanner;
    const match = scanner.match(ATTRIBUTE);
    if (match === undefined) return attributes;
    if (attributes.length === MAX_ATTRIBUTES) {
      scanner.fail(`element has more than ${MAX_ATTRIBUTES} attributes`, offset);
    }
    // XML 1.0 section 3.3.3: white space as such becomes a space, as a reference it stays.
    const resolved = resolveReferences((match[3] ?? match[4]!).replace(/[\t\n]/g, ' '));
    if ('badAt' in resolved) scanner.fail('attribute has an entity that is not permitted', offset);
    attributes.push({ prefix: match[1] ?? '', localName: match[2]!, value: resolved.text, offset });
  }
}

const isDeclaration = ({ prefix, localName }: RawAttribute): boolean =>
  prefix === 'xmlns' || (prefix === '' && localName === 'xmlns');

function declareNamespaces(
  scanner: XmlScanner,
  declarations: readonly RawAttribute[],
  parent: NamespaceScope | undefined,
): NamespaceScope {
  const own = new Map<string, string>();
  for (const { prefix, localName, value, offset } of declarations) {
    const declared = prefix === '' ? '' : localName;
    if (declared === 'xml' || declared === 'xmlns') scanner.fail(`prefix ${declared} is reserved`, offset);
    if (value === '' ? declared !== '' : !ABSOLUTE_URI.test(value) || RESERVED.test(value)) {
      scanner.fail('namespace is not one that can be declared', offset);
    }
    if (own.has(declared)) scanner.fail('namespace is declared twice', offset);
    own.set(declared, value);
  }
  return { own, parent };
}

function qualify(
  scanner: XmlScanner,
  raw: readonly RawAttribute[],
  scope: NamespaceScope,
): readonly XmlAttribute[] {
  const seen = new Set<string>();
  return raw.map(({ prefix, localName, value, offset }) => {
    // Without xml:lang, xml:space and xml:base nothing is inherited into a signed part, and C14N 1.0 equals 1.1.
    if (prefix === 'xml') scanner.fail('attributes of the xml namespace are not supported', offset);
    const namespace = prefix === '' ? '' : lookUpNamespace(scope, prefix);
    if (namespace === undefined) return scanner.fail(`prefix ${prefix} is not bound`, offset);
    const expanded = `${namespace} ${localName}`;
    if (seen.has(expanded)) scanner.fail(`attribute ${localName} comes twice`, offset);
    seen.add(expanded);
    return { prefix, localName, namespace, value };
  });
}

/** Reads a start tag behind its `<`. Throws `ATTEST_FORMAT`. */
export function readStartTag(scanner: XmlScanner, parent: NamespaceScope | undefined): StartTag {
  const { offset } = scanner;
  const { prefix, localName } = readName(scanner);
  const raw = readAttributes(scanner);
  const end = scanner.match(TAG_END);
  if (end === undefined) return scanner.fail('expected an attribute or the end of the tag');
  const scope = declareNamespaces(scanner, raw.filter(isDeclaration), parent);
  const namespace = lookUpNamespace(scope, prefix);
  if (namespace === undefined) return scanner.fail(`prefix ${prefix} is not bound`, offset);
  const plain = raw.filter((attribute) => !isDeclaration(attribute));
  const attributes = qualify(scanner, plain, scope);
  return { prefix, localName, namespace, attributes, scope, isEmpty: end[1] === '/' };
}
