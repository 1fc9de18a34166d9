import { readName, readStartTag } from './start-tag.ts';
import type { XmlElement } from './xml-element.ts';
import { XmlScanner } from './xml-scanner.ts';
import { findForbidden, resolveReferences } from './xml-text.ts';

const MAX_CHARACTERS = 1 << 20;
const MAX_DEPTH = 16;
/** Elements and their attributes. */
const MAX_NODES = 10_000;

const DECLARATION =
  /<\?xml[ \t\n]+version=(?:"1\.0"|'1\.0')(?:[ \t\n]+encoding=(?:"[Uu][Tt][Ff]-8"|'[Uu][Tt][Ff]-8'))?[ \t\n]*\?>/y;
const SPACE = /[ \t\n]*/y;
const CLOSE = /[ \t\n]*>/y;

interface OpenElement extends XmlElement {
  readonly children: (XmlElement | string)[];
}

function skipComment(scanner: XmlScanner): boolean {
  const { offset } = scanner;
  if (!scanner.take('<!--')) return false;
  scanner.before('--');
  // XML 1.0 production 15: two hyphens only at the end.
  if (!scanner.take('-->')) scanner.fail('comment does not end in -->', offset);
  return true;
}

function refuseMarkup(scanner: XmlScanner): void {
  if (scanner.startsWith('<!')) scanner.fail('DOCTYPE, CDATA and declarations are not supported');
  if (scanner.startsWith('<?')) scanner.fail('processing instructions are not supported');
}

/** White space and comments around the document element. */
function skipMisc(scanner: XmlScanner): void {
  do scanner.match(SPACE);
  while (skipComment(scanner));
}

function appendText(scanner: XmlScanner, children: (XmlElement | string)[]): void {
  const { offset } = scanner;
  const raw = scanner.before('<');
  if (raw === '') return;
  const illegal = raw.indexOf(']]>');
  if (illegal >= 0) scanner.fail('text holds ]]>', offset + illegal);
  const resolved = resolveReferences(raw);
  if ('badAt' in resolved) scanner.fail('entity is not permitted', offset + resolved.badAt);
  const last = children.at(-1);
  if (typeof last === 'string') children[children.length - 1] = last + resolved.text;
  else children.push(resolved.text);
}

function closeElement(scanner: XmlScanner, element: XmlElement): void {
  const { offset } = scanner;
  const { prefix, localName } = readName(scanner);
  if (prefix !== element.prefix || localName !== element.localName) {
    scanner.fail('end tag does not fit its start tag', offset);
  }
  if (scanner.match(CLOSE) === undefined) scanner.fail('expected the end of the tag');
}

function readTree(scanner: XmlScanner): XmlElement {
  const open: OpenElement[] = [];
  let nodes = 0;
  for (;;) {
    const parent = open.at(-1);
    if (parent !== undefined) appendText(scanner, parent.children);
    if (skipComment(scanner)) continue;
    refuseMarkup(scanner);
    const { offset } = scanner;
    let closed: OpenElement | undefined;
    if (parent !== undefined && scanner.take('</')) {
      closeElement(scanner, parent);
      closed = open.pop();
    } else {
      if (!scanner.take('<')) return scanner.fail('expected an element');
      const { isEmpty, ...tag } = readStartTag(scanner, parent?.scope);
      nodes += 1 + tag.attributes.length + tag.scope.own.size;
      if (nodes > MAX_NODES) scanner.fail(`more than ${MAX_NODES} elements and attributes`, offset);
      const element: OpenElement = { ...tag, children: [], offset };
      parent?.children.push(element);
      if (isEmpty) closed = element;
      else open.push(element);
      if (open.length > MAX_DEPTH) scanner.fail(`more than ${MAX_DEPTH} elements inside each other`, offset);
    }
    if (closed !== undefined && open.length === 0) return closed;
  }
}

/**
 * Reads the document element of an XML 1.0 text with namespaces. Only what reference manifests need: elements,
 * attributes, text, the five entities, character references and comments. DOCTYPE, CDATA, processing instructions,
 * carriage returns, names that are not ASCII and attributes of the xml namespace are refused. Throws `ATTEST_FORMAT`
 * with the offset in UTF-16 units.
 */
export function parseXml(text: string, what = 'XML'): XmlElement {
  const scanner = new XmlScanner(text, what);
  if (text.length > MAX_CHARACTERS) scanner.fail(`is longer than ${MAX_CHARACTERS} characters`);
  const forbidden = findForbidden(text);
  if (forbidden !== undefined) scanner.fail('character is not permitted', forbidden);
  scanner.match(DECLARATION);
  skipMisc(scanner);
  const root = readTree(scanner);
  skipMisc(scanner);
  if (!scanner.isAtEnd) scanner.fail('unexplained text after the document element');
  return root;
}
