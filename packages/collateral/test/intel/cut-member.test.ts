import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutObjectMember } from '../../src/intel/cut-member.ts';

describe('cutObjectMember', () => {
  it('gives the text as it was sent', () => {
    const text =
      '{ "a\\"{" : [1, {"tcbInfo": {}}, "}"], "n":-1.5e3 ,"t" : true,\n"tcbInfo"\t:\r{"x" : "\\\\" , "y":[ ] }, "z":null}';
    expect(cutObjectMember(text, 'tcbInfo')).toBe('{"x" : "\\\\" , "y":[ ] }');
  });

  it('knows a key by its meaning', () => {
    expect(cutObjectMember('{"tcb\\u0049nfo":{}}', 'tcbInfo')).toBe('{}');
  });

  it('refuses what is not JSON, and members that are no objects', () => {
    const bad = [
      '',
      '[]',
      '{"m":{}',
      '{"m":{}}}',
      '{"m":{},"m":{}}',
      '{"m":[]}',
      '{"m":"{}"}',
      '{"x":{"m":{}}}',
    ];
    for (const text of bad) expect(() => cutObjectMember(text, 'm'), text).toThrow(/JSON|answer/);
  });

  it('is what the text parses to, in any layout', () => {
    const layout = fc.constantFrom(undefined, 1, '\t', ' \n');
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        layout,
        (others, member, space) => {
          fc.pre(!('__proto__' in others) && !JSON.stringify([others, member]).includes('__proto__'));
          const document = { ...others, 'the "member"': member };
          let text: string;
          try {
            text = cutObjectMember(JSON.stringify(document, null, space), 'the "member"');
          } catch (error) {
            // Numbers beyond a double and lone surrogates are refused by the parser of all JSON.
            expect(error).toMatchObject({ code: expect.stringMatching(/^CORE_JSON/) });
            return;
          }
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(member)));
        },
      ),
    );
  });
});
