import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalizeXml } from '../../src/xml/canonicalize.ts';
import { parseXml } from '../../src/xml/parse-xml.ts';
import { isElement, type XmlElement } from '../../src/xml/xml-element.ts';
import { writeXml, xmlSeed } from './xml-generator.ts';

const refusal = { code: 'ATTEST_FORMAT' };
const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);

/** Text, what the refusal says, and its offset. */
const refused: readonly (readonly [text: string, problem: string, offset: number])[] = [
  // Not what the subset has
  ['<!DOCTYPE a><a/>', 'DOCTYPE', 0],
  ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'DOCTYPE', 0],
  ['<a><![CDATA[b]]></a>', 'CDATA', 3],
  ['<a><?pi?></a>', 'processing instructions', 3],
  ['<?pi?><a/>', 'processing instructions', 0],
  ['<a/><?pi?>', 'unexplained text', 4],
  [' <?xml version="1.0"?><a/>', 'processing instructions', 1],
  ['<?xml version="1.1"?><a/>', 'processing instructions', 0],
  ['<?xml version="1.0" encoding="latin1"?><a/>', 'processing instructions', 0],
  ['<?xml version="1.0" standalone="yes"?><a/>', 'processing instructions', 0],
  ['<a xml:lang="en"/>', 'xml namespace', 2],
  ['<xml:a/>', 'prefix xml is not bound', 1],
  ['<é/>', 'expected a name', 1],
  ['<a é="b"/>', 'expected an attribute or the end', 2],
  // Characters
  ['<a>\r</a>', 'character is not permitted', 3],
  ['<a>\u0000</a>', 'character is not permitted', 3],
  ['<a>\u001b</a>', 'character is not permitted', 3],
  ['<a>\uFFFE</a>', 'character is not permitted', 3],
  ['<a>\uD800</a>', 'character is not permitted', 3],
  ['<a>\u{1F600}\uDC00</a>', 'character is not permitted', 5],
  ['\uFEFF<a/>', 'expected an element', 0],
  // Entities
  ['<a>b&c;</a>', 'entity is not permitted', 4],
  ['<a>&lt</a>', 'entity is not permitted', 3],
  ['<a>&;</a>', 'entity is not permitted', 3],
  ['<a>&#;</a>', 'entity is not permitted', 3],
  ['<a>&#x;</a>', 'entity is not permitted', 3],
  ['<a>&#X41;</a>', 'entity is not permitted', 3],
  ['<a>&#0;</a>', 'entity is not permitted', 3],
  ['<a>&#xD800;</a>', 'entity is not permitted', 3],
  ['<a>&#x110000;</a>', 'entity is not permitted', 3],
  ['<a>&#99999999;</a>', 'entity is not permitted', 3],
  ['<a b="&c;"/>', 'attribute has an entity', 2],
  ['<a b="&constructor;"/>', 'attribute has an entity', 2],
  // Form
  ['', 'expected an element', 0],
  ['a', 'expected an element', 0],
  ['<a', 'expected an attribute or the end', 2],
  ['<a>', 'expected an element', 3],
  ['<a></b>', 'end tag does not fit', 5],
  ['<a></a', 'expected the end of the tag', 6],
  ['<a></a b="c">', 'expected the end of the tag', 6],
  ['</a>', 'expected a name', 1],
  ['< a/>', 'expected a name', 1],
  ['<a/><a/>', 'unexplained text', 4],
  ['<a/>b', 'unexplained text', 4],
  ['b<a/>', 'expected an element', 0],
  ['<a>]]></a>', 'text holds ]]>', 3],
  ['<a b="c"d="e"/>', 'expected an attribute or the end', 8],
  ['<a b=c/>', 'expected an attribute or the end', 2],
  ['<a b/>', 'expected an attribute or the end', 2],
  ['<a b="<"/>', 'expected an attribute or the end', 2],
  ['<a b="c/>', 'expected an attribute or the end', 2],
  ['<a><!-- b -- c --></a>', 'comment does not end', 3],
  ['<a><!-- b --->c</a>', 'comment does not end', 3],
  ['<a><!-- b', 'comment does not end', 3],
  ['<!-- b', 'comment does not end', 0],
  // Namespaces and attributes
  ['<b:a/>', 'prefix b is not bound', 1],
  ['<a b:c="d"/>', 'prefix b is not bound', 2],
  ['<a><b xmlns:c="urn:c"/><c:d/></a>', 'prefix c is not bound', 24],
  ['<a b="1" b="2"/>', 'attribute b comes twice', 8],
  ['<a xmlns:c="urn:c" xmlns:d="urn:c" c:b="1" d:b="2"/>', 'attribute b comes twice', 42],
  ['<a xmlns="urn:c" xmlns="urn:c"/>', 'declared twice', 16],
  ['<a xmlns:b="urn:c" xmlns:b="urn:d"/>', 'declared twice', 18],
  ['<a xmlns:b=""/>', 'not one that can be declared', 2],
  ['<a xmlns:b="relative"/>', 'not one that can be declared', 2],
  ['<a xmlns="urn:&#233;"/>', 'not one that can be declared', 2],
  ['<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>', 'prefix xml is reserved', 2],
  ['<a xmlns:xmlns="urn:c"/>', 'prefix xmlns is reserved', 2],
  ['<a xmlns:b="http://www.w3.org/XML/1998/namespace"/>', 'not one that can be declared', 2],
  ['<a xmlns:b="http://www.w3.org/2000/xmlns/"/>', 'not one that can be declared', 2],
  ['<a:b:c xmlns:a="urn:c"/>', 'expected an attribute or the end', 4],
  ['<a: xmlns:a="urn:c"/>', 'expected an attribute or the end', 2],
  // Caps
  [nested(17), 'more than 16 elements inside each other', 48],
  [`<a>${'<b/>'.repeat(10_000)}</a>`, 'more than 10000 elements', 3 + 4 * 9_999],
  [`<a ${Array.from({ length: 65 }, (_, i) => `b${i}=""`).join(' ')}/>`, 'more than 64 attributes', 440],
  [`<a>${' '.repeat(1 << 20)}</a>`, 'is longer than 1048576 characters', 0],
];

describe('strict XML', () => {
  it.each(refused)('refuses %j: %s at %d', (text, problem, offset) => {
    const expected = { ...refusal, details: { offset }, message: expect.stringContaining(problem) };
    expect(() => parseXml(text)).toThrow(expect.objectContaining(expected));
  });

  it('reads elements, attributes, namespaces, text and comments', () => {
    const root = parseXml(`<?xml version='1.0' encoding='utf-8'?>
<!-- before --><a xmlns="urn:d" xmlns:p='urn:p' b = "1&#9;2
3" p:b="&lt;"> x<!-- gone -->&amp;y <p:c  ></p:c
><d xmlns=""/></a>
<!-- after -->`);
    expect(root).toMatchObject({ prefix: '', localName: 'a', namespace: 'urn:d' });
    expect(root.attributes).toEqual([
      { prefix: '', localName: 'b', namespace: '', value: '1\t2 3' },
      { prefix: 'p', localName: 'b', namespace: 'urn:p', value: '<' },
    ]);
    expect(root.children[0]).toBe(' x&y ');
    const [inner, last] = root.children.filter(isElement) as [XmlElement, XmlElement];
    expect(inner).toMatchObject({ prefix: 'p', localName: 'c', namespace: 'urn:p', children: [] });
    expect(last).toMatchObject({ prefix: '', localName: 'd', namespace: '' });
    expect(root.children).toHaveLength(3);
  });

  it('reads up to its caps', () => {
    expect(parseXml(nested(16)).localName).toBe('a');
    expect(parseXml(`<a>${'<b/>'.repeat(9_999)}</a>`).children).toHaveLength(9_999);
    expect(parseXml(`<a>${'b'.repeat((1 << 20) - 7)}</a>`).children[0]).toHaveLength((1 << 20) - 7);
  });

  it('needs time in proportion to the text, whatever it holds', () => {
    const size = 1 << 20;
    const fill = (unit: string): string => unit.repeat(Math.floor((size - 20) / unit.length));
    const hostile = [
      `<a>${fill('&lt;')}</a>`,
      `<a>${fill('&')}</a>`,
      `<a>${fill('<!---->')}</a>`,
      `<a>${fill('<!--')}</a>`,
      `<a b="${fill("'")}"/>`,
      `<a b="${fill(' ')}`,
      `<a${fill(' ')}`,
      `<a${fill(' b=""')}`,
      `<a ${fill('b')}`,
      `<a>${fill(']]')}</a>`,
      fill('<a>'),
      fill('<!-- -->'),
    ];
    const started = performance.now();
    for (const text of hostile) {
      try {
        parseXml(text);
      } catch (error) {
        expect(error).toMatchObject(refusal);
      }
    }
    // About 0.2 s here; quadratic time would take hours.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('refuses every truncation of a document', () => {
    fc.assert(
      fc.property(
        xmlSeed.map((seed) => writeXml(seed)),
        (text) => {
          const root = parseXml(text);
          for (let length = 0; length < text.length; length += 1 + Math.floor(text.length / 100)) {
            expect(() => parseXml(text.slice(0, length)), text).toThrow(expect.objectContaining(refusal));
          }
          // What it reads, it reads again from the canonical form.
          const canonical = canonicalizeXml(root);
          expect(canonicalizeXml(parseXml(canonical))).toBe(canonical);
        },
      ),
    );
  });

  it('throws nothing but its refusal at random text', () => {
    const pieces = [
      '<',
      '>',
      '/',
      'a',
      ':',
      'b',
      '=',
      '"',
      "'",
      ' ',
      '&',
      ';',
      '#',
      'x',
      '<!--',
      '-->',
      '&lt;',
      'xmlns',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (parts) => {
        try {
          parseXml(parts.join(''));
        } catch (error) {
          expect(error).toMatchObject(refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
