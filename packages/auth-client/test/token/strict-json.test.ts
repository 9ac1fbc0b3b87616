import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonObject } from '../../src/token/strict-json.ts';

/** A JSON document, as text and as a tree that can hold a name twice. */
type Node = { text: string; duplicates: boolean };

/** Spells a character of a name in one of JSON's ways. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(...[...name].map((character) => fc.tuple(fc.constant(character), fc.boolean())))
    .map((characters) =>
      characters
        .map(([character, escaped]) =>
          escaped
            ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
            : JSON.stringify(character).slice(1, -1),
        )
        .join(''),
    );

const name = fc.constantFrom('a', 'b', 'ab', 'sub', '"', '\\', '\\"', '{', '__proto__', 'é');
const space = fc.constantFrom('', ' ', '\n', '\t ');

const { node } = fc.letrec<{ node: Node; object: Node; array: Node; leaf: Node }>((tie) => ({
  leaf: fc.oneof(
    fc
      .constantFrom(
        '1',
        'true',
        'null',
        '-0.5e3',
        '""',
        '"{\\"a\\":1,\\"a\\":2}"',
        '"\\\\"',
        '"\\ud83d\\ude00"',
      )
      .map((text) => ({ text, duplicates: false })),
    fc.string().map((value) => ({ text: JSON.stringify(value), duplicates: false })),
  ),
  array: fc.array(tie('node'), { maxLength: 4 }).map((nodes) => ({
    text: `[${nodes.map(({ text }) => text).join(',')}]`,
    duplicates: nodes.some(({ duplicates }) => duplicates),
  })),
  object: fc
    .array(
      fc.tuple(
        name.chain((plain) => fc.tuple(fc.constant(plain), spelled(plain))),
        tie('node'),
        space,
      ),
      { maxLength: 4 },
    )
    .map((members) => {
      const names = members.map(([[plain]]) => plain);
      return {
        text: `{${members.map(([[, spelling], { text }, gap]) => `${gap}"${spelling}"${gap}:${gap}${text}${gap}`).join(',')}}`,
        duplicates: new Set(names).size < names.length || members.some(([, { duplicates }]) => duplicates),
      };
    }),
  node: fc.oneof({ maxDepth: 6 }, tie('leaf'), tie('array'), tie('object')),
}));

/** The document as the member of an object. */
const within = (text: string) => `{"within":${text}}`;

describe('parsing JSON strictly', () => {
  it('finds a name that is there twice, however it is spelled, and nothing else', () => {
    fc.assert(
      fc.property(node, ({ text, duplicates }) => {
        const object = within(text);
        if (duplicates) expect(() => parseJsonObject(object)).toThrow('duplicate name');
        else expect(Object.keys(parseJsonObject(object))).toEqual(['within']);
      }),
      { numRuns: 2000 },
    );
  });

  it('is sound on any text: it either refuses it or leaves it to JSON.parse', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'a', ' ', '1', '\\u')),
        (pieces) => {
          const text = pieces.join('');
          let value: unknown;
          try {
            value = parseJsonObject(text);
          } catch (error) {
            expect((error as Error).constructor.name).toBe('StrictJsonError');
            return;
          }
          expect(value).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":{"b":1},"a":{"b":1,"c":2}}',
    '{"a":[1,{"b":[],"b":[]}]}',
    '{"__proto__":1,"__proto__":2}',
  ])('finds it without escapes: %s', (text) => {
    expect(() => parseJsonObject(text)).toThrow('duplicate name');
  });

  it.each([
    '{"a":{"b":1},"c":{"b":1}}',
    '{"a":[{"b":1},{"b":1}]}',
    '{"a:b":":","a":"b:"}',
    '{"__proto__":1}',
  ])('takes alike names of different objects, and colons in strings: %s', (text) => {
    expect(parseJsonObject(text)).toEqual(JSON.parse(text));
  });

  it.each(['"\\ud800"', '"\\udc00x"', '{"\\ud83d":1}', '["\\ude00\\ud83d"]'])(
    'refuses a lone surrogate: %s',
    (text) => {
      expect(() => parseJsonObject(within(text))).toThrow('lone surrogate');
    },
  );

  it('takes 16 levels and refuses 17, and 4,000,000 without running out of stack', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const [deepest, tooDeep, muchTooDeep] = [15, 16, 4_000_000 - 1].map((levels) => within(nested(levels)));
    expect(parseJsonObject(deepest as string)).toEqual(JSON.parse(deepest as string));
    for (const text of [tooDeep, muchTooDeep])
      expect(() => parseJsonObject(text as string)).toThrow('too deep');
  });

  it.each([
    '',
    ' ',
    'null',
    '1',
    '"x"',
    '[]',
    '{',
    '{"a":1}x',
    '{a:1}',
    "{'a':1}",
    '{"a":01}',
    '{"a":\u0000}',
    '{"a":"\n"}',
  ])('takes nothing but a whole object: %j', (text) => {
    expect(() => parseJsonObject(text)).toThrow();
  });

  it('quotes nothing of the text', () => {
    const secret = 'eyJhbGciOiJub25lIn0';
    for (const text of [secret, `{"${secret}":1,"${secret}":2}`, `{"a":"${secret}`, `{"a":"\\x${secret}"}`]) {
      try {
        parseJsonObject(text);
        expect.unreachable();
      } catch (error) {
        expect(String((error as Error).stack)).not.toContain(secret);
      }
    }
  });
});
