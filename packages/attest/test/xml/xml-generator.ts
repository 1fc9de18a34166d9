import fc from 'fast-check';

/** A node of a random document before it has text: what is not possible in its place is left out when it is written. */
export interface XmlSeed {
  readonly prefix: string;
  readonly localName: string;
  readonly declarations: readonly (readonly [prefix: string, namespace: string])[];
  readonly attributes: readonly AttributeSeed[];
  readonly children: readonly (XmlSeed | TextSeed)[];
  readonly isSelfClosed: boolean;
}

interface AttributeSeed {
  readonly prefix: string;
  readonly localName: string;
  readonly value: string;
  readonly quote: '"' | "'";
  readonly space: string;
}

interface TextSeed {
  readonly text: string;
  readonly comment: string | null;
}

const prefixes = ['', 'a', 'b', 'ns0'];
const names = ['x', 'y', 'aa', 'b'];
const namespaces = ['urn:one', 'urn:two', 'http://example.org/a?b#c'];

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Array.from('abcXYZ 019&<>"\'\n\t;#]')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\r', '\u0085', '\u2028', 'é', '\uFFFD', '\u{1F600}', '\u{10FFFF}'),
  },
);
const content = fc.array(character, { maxLength: 12 }).map((parts) => parts.join(''));
const text: fc.Arbitrary<TextSeed> = fc.record({
  text: content,
  comment: fc.option(fc.constantFrom('', ' note ', ' a < b & c; ', ']]>', ' - - ')),
});

function seedOf(prefix: fc.Arbitrary<string>, localName: fc.Arbitrary<string>): fc.Arbitrary<XmlSeed> {
  const attribute: fc.Arbitrary<AttributeSeed> = fc.record({
    prefix,
    localName,
    value: content,
    quote: fc.constantFrom('"' as const, "'" as const),
    space: fc.constantFrom(' ', '\n', '\t ', '  '),
  });
  return fc.letrec<{ element: XmlSeed }>((tie) => ({
    element: fc.record({
      prefix,
      localName,
      declarations: fc.uniqueArray(
        fc.tuple(prefix, fc.oneof(fc.constantFrom(...namespaces), fc.constant(''))),
        { maxLength: 3, selector: ([declared]) => declared },
      ),
      attributes: fc.array(attribute, { maxLength: 4 }),
      children: fc.array(fc.oneof({ depthSize: 'small' }, text, tie('element')), { maxLength: 4 }),
      isSelfClosed: fc.boolean(),
    }),
  })).element;
}

/** Random documents of the subset that `parseXml` reads. */
export const xmlSeed: fc.Arbitrary<XmlSeed> = seedOf(
  fc.constantFrom(...prefixes, 'Z', 'b-c'),
  fc.constantFrom(...names, 'Name', 'a-b', 'c.d', '_e', 'B'),
);

/** The same with names of small letters only, whose order is the same in every alphabet. */
export const plainXmlSeed: fc.Arbitrary<XmlSeed> = seedOf(
  fc.constantFrom(...prefixes),
  fc.constantFrom(...names),
);

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Writes one character: as an entity or a reference where it has to be, and often where it need not be. */
function writeCharacters(value: string, mustEscape: RegExp): string {
  return Array.from(value)
    .map((item, i) => {
      const point = item.codePointAt(0) ?? 0;
      const forms = [`&#${point};`, `&#x${point.toString(16)};`, `&#x${point.toString(16).toUpperCase()};`];
      const entity = ENTITIES[item];
      if (entity !== undefined) forms.push(entity);
      const choice = (point + i) % 7;
      return mustEscape.test(item) || choice === 0 ? forms[(point + i) % forms.length]! : item;
    })
    .join('');
}

/** The text of a document; prefixes that are bound nowhere and attributes that come twice are left out. */
export function writeXml(seed: XmlSeed, scope: ReadonlyMap<string, string> = new Map()): string {
  const declared = seed.declarations.filter(([name, namespace]) => name === '' || namespace !== '');
  const inScope = new Map([...scope, ...declared]);
  const bound = (name: string): string => (inScope.has(name) ? name : '');
  const qualified = (name: string, local: string): string =>
    bound(name) === '' ? local : `${name}:${local}`;
  const seen = new Set<string>();
  const parts = declared.map(
    ([name, namespace]) => ` ${name === '' ? 'xmlns' : `xmlns:${name}`}="${namespace}"`,
  );
  for (const { prefix: name, localName: local, value, quote, space } of seed.attributes) {
    const expanded = `${bound(name) === '' ? '' : inScope.get(name)} ${local}`;
    if (seen.has(expanded)) continue;
    seen.add(expanded);
    parts.push(`${space}${qualified(name, local)}=${quote}${writeCharacters(value, /[&<"'\r\n\t]/)}${quote}`);
  }
  const tag = qualified(seed.prefix, seed.localName);
  const inside = seed.children
    .map((child) => {
      if ('localName' in child) return writeXml(child, inScope);
      const comment = child.comment === null ? '' : `<!--${child.comment}-->`;
      return writeCharacters(child.text, /[&<>\r]/) + comment;
    })
    .join('');
  if (inside === '' && seed.isSelfClosed) return `<${tag}${parts.join('')}/>`;
  return `<${tag}${parts.join('')}>${inside}</${tag}\n>`;
}
