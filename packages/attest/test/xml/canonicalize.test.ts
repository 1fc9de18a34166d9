import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalizeXml } from '../../src/xml/canonicalize.ts';
import { parseXml } from '../../src/xml/parse-xml.ts';
import { isElement, type XmlElement } from '../../src/xml/xml-element.ts';
import { signText, verifyWithXmlCrypto } from './xml-crypto-oracle.ts';
import { plainXmlSeed, writeXml, type XmlSeed, xmlSeed } from './xml-generator.ts';
import { hasXmlsec1 } from './xmlsec1.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-384',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

function canonicalParts(xml: string): { content: string; signedInfo: string } {
  const root = parseXml(xml);
  const signature = root.children.filter(isElement).at(-1) as XmlElement;
  const [signedInfo] = signature.children.filter(isElement) as [XmlElement];
  return { content: canonicalizeXml(root, signature), signedInfo: canonicalizeXml(signedInfo) };
}

const sign = (xml: string): string => signText(xml, { canonicalize: canonicalParts, privateKey });

/** Documents that are not one empty tag, so that a signature has a place before the end tag. */
const documentsOf = (seeds: fc.Arbitrary<XmlSeed>): fc.Arbitrary<string> =>
  seeds.map((seed) => writeXml(seed)).filter((xml) => xml.endsWith('\n>'));

describe('Canonical XML 1.1', () => {
  // By hand from Canonical XML 1.1, the sections named.
  it.each([
    [
      '1.1: declaration, comments, empty elements',
      '<?xml version="1.0"?>\n<!--c--><a><b/><!--c--></a >',
      '<a><b></b></a>',
    ],
    [
      '2.3: order of attributes by namespace, then name',
      '<a xmlns:z="urn:1" xmlns:y="urn:2" y:b="1" c="2" z:d="3" b="4"/>',
      '<a xmlns:y="urn:2" xmlns:z="urn:1" b="4" c="2" z:d="3" y:b="1"></a>',
    ],
    [
      '2.3: order of declarations by prefix, the default first',
      '<b:a xmlns:c="urn:1" xmlns="urn:3" xmlns:b="urn:2"/>',
      '<b:a xmlns="urn:3" xmlns:b="urn:2" xmlns:c="urn:1"></b:a>',
    ],
    [
      '2.3: no declaration twice',
      '<a xmlns="urn:1" xmlns:b="urn:2"><c xmlns="urn:1" xmlns:b="urn:2"/></a>',
      '<a xmlns="urn:1" xmlns:b="urn:2"><c></c></a>',
    ],
    [
      '2.3: xmlns="" only to undo',
      '<a xmlns=""><b xmlns="urn:1"><c xmlns=""><d xmlns=""/></c></b></a>',
      '<a><b xmlns="urn:1"><c xmlns=""><d></d></c></b></a>',
    ],
    [
      '2.3: rebinding',
      '<b:a xmlns:b="urn:1"><b:a xmlns:b="urn:2"><b:a xmlns:b="urn:1"/></b:a></b:a>',
      '<b:a xmlns:b="urn:1"><b:a xmlns:b="urn:2"><b:a xmlns:b="urn:1"></b:a></b:a></b:a>',
    ],
    [
      '2.3: text',
      '<a>&lt;&gt;&amp;&quot;&apos;\'"\t\n&#xD;]]&gt;</a>',
      '<a>&lt;&gt;&amp;"\'\'"\t\n&#xD;]]&gt;</a>',
    ],
    [
      '2.3: attribute values',
      "<a b='&lt;>&amp;\"&apos;&#9;&#10;&#13;\t\n'/>",
      '<a b="&lt;>&amp;&quot;\'&#x9;&#xA;&#xD;  "></a>',
    ],
    ['1.1: characters as UTF-8', '<a>&#233;&#x1F600;</a>', '<a>é\u{1F600}</a>'],
  ])('%s', (_, xml, canonical) => {
    expect(canonicalizeXml(parseXml(xml))).toBe(canonical);
  });

  it('gives a part the namespaces around it, and leaves out what is omitted', () => {
    const root = parseXml(
      '<a xmlns="urn:1" xmlns:b="urn:2"><c xmlns:d="urn:3" xmlns:b="urn:4"><e/></c><f/></a>',
    );
    const [c, f] = root.children.filter(isElement) as [XmlElement, XmlElement];
    const [e] = c.children.filter(isElement) as [XmlElement];
    expect(canonicalizeXml(e)).toBe('<e xmlns="urn:1" xmlns:b="urn:4" xmlns:d="urn:3"></e>');
    expect(canonicalizeXml(root, c)).toBe('<a xmlns="urn:1" xmlns:b="urn:2"><f></f></a>');
    expect(canonicalizeXml(c, f)).toContain('<e></e>');
  });

  it('is what xml-crypto computes, on random documents', () => {
    // It sorts names by a language's alphabet, and its parser has the line ends of XML 1.1; xmlsec1 does neither.
    const plain = documentsOf(plainXmlSeed).filter((xml) => !/[\u0085\u2028]/.test(xml));
    fc.assert(
      fc.property(plain, (xml) => {
        expect(verifyWithXmlCrypto(sign(xml), publicKey), xml).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.skipIf(!hasXmlsec1)('is what xmlsec1 computes, on random documents', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dcml-xmlsec1-'));
    try {
      const keyFile = join(folder, 'key.pem');
      writeFileSync(keyFile, publicKey);
      const files = fc
        .sample(documentsOf(xmlSeed), { numRuns: 150, seed: fc.readConfigureGlobal().seed ?? 0 })
        .map((xml, i) => {
          const file = join(folder, `${i}.xml`);
          writeFileSync(file, sign(xml));
          return file;
        });
      // Exit status 1 at the first file that does not verify; the message names it.
      execFileSync('xmlsec1', ['--verify', '--pubkey-pem', keyFile, ...files], {
        stdio: 'pipe',
        timeout: 30_000,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
