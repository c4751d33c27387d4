import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfName, maxKeyBytes, nameOfKey } from './key-name.ts';
import { compareNames, nameRanges, rangeOfName } from './key-ranges.ts';

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Short keys of what is special, so that one is often a beginning of another. */
const letters = [
  '/',
  '.',
  ' ',
  'a',
  '\xc3',
  '\xa9',
  '\xed',
  '\x9f',
  '\xa0',
  '\xf0',
  '\x90',
  '\xf4',
  '\x8f',
  '\xff',
  '%',
];
const special = fc
  .array(fc.oneof(fc.constantFrom(...letters), fc.constantFrom('é', '語', '🦀', '\u00a0', '\ue000').map(bytesOf)), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));
const anyKey = fc.oneof(
  { weight: 4, arbitrary: special },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.string({ unit: fc.constantFrom('a', '\x00', '/', 'é'), minLength: 250, maxLength: 330 }), special)
      .map(([long, end]) => bytesOf(long).slice(0, 400) + end),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map(bytesOf) },
);

function show(prefix: string) {
  return nameRanges(prefix).map(({ prefix: begin, after, last }) => (last === begin ? begin : `${after ?? begin}…`));
}

describe('ranges of names', () => {
  test.each([
    ['', ['…']],
    ['user:', ['%~dXNlcj…', 'user:…']],
    ['photos/', ['%~cGhvdG9zL…', 'photos%2F', 'photos/…']],
    ['/var/', ['%2Fvar%2F', '%2Fvar/…', '%~L3Zhci…']],
    ['a ', ['%~YS…', 'a …', 'a%20', 'a%20/…']],
    ['a/.', ['%~YS8u…', 'a/%2E', 'a/%2E%2E', 'a/%2E%2E/…', 'a/%2E/…', 'a/.…']],
    ['.', ['%2E…', '%~L…']],
    ['k'.repeat(400), [`${'k'.repeat(400)}…`]],
    ['k'.repeat(513), []],
  ])('%# of %.20j', (prefix, expected) => {
    expect(show(prefix)).toEqual(expected);
  });

  test('half a character stands for those that it begins, and for its bytes', () => {
    const ranges = nameRanges('x\xc3');
    for (const key of ['x\xc3', 'x\xc3\xa9', 'x\xc3(', 'x\xc3\x80', 'x\xc3\xbf!']) {
      expect(rangeOfName(ranges, nameOfKey(key))).toBeDefined();
    }
    for (const key of ['x\xc2\xbf', 'x\xc4\x80', 'x']) expect(rangeOfName(ranges, nameOfKey(key))).toBeUndefined();
  });

  test('every key with the prefix is in exactly one range', () => {
    fc.assert(
      fc.property(anyKey, special, (prefix, rest) => {
        fc.pre(prefix.length + rest.length <= maxKeyBytes);
        const ranges = nameRanges(prefix);
        const name = nameOfKey(prefix + rest);
        expect(ranges.filter((range) => rangeOfName([range], name) !== undefined)).toHaveLength(1);
      }),
      { numRuns: 3_000 },
    );
  });

  test('a range has few names of other keys: only long ones', () => {
    fc.assert(
      fc.property(special, special, (prefix, key) => {
        const name = nameOfKey(key);
        fc.pre(!name.startsWith('%~') && !key.startsWith(prefix));
        expect(rangeOfName(nameRanges(prefix), name)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  test('ranges ascend and are apart', () => {
    fc.assert(
      fc.property(anyKey, (prefix) => {
        const ranges = nameRanges(prefix.slice(0, maxKeyBytes));
        for (const [at, { prefix: begin, after, last }] of ranges.entries()) {
          expect(compareNames(after ?? begin, last)).toBeLessThanOrEqual(0);
          const before = ranges[at - 1];
          if (before !== undefined) expect(compareNames(before.last, after ?? begin)).toBeLessThanOrEqual(0);
        }
        expect(ranges.length).toBeLessThanOrEqual(7);
      }),
      { numRuns: 1_000 },
    );
  });

  test('all short keys over a small alphabet are found by all of their beginnings', () => {
    let keys = [''];
    for (let length = 0; length < 4; length++) keys = keys.flatMap((key) => [key, ...letters.map((one) => key + one)]);
    const sample = [...new Set(keys)].filter((_, at) => at % 5 === 0);
    for (const key of sample) {
      const name = nameOfKey(key);
      for (let end = 0; end <= key.length; end++) {
        if (rangeOfName(nameRanges(key.slice(0, end)), name) === undefined)
          expect.fail(`${name} by ${key.slice(0, end)}`);
      }
      expect(keyOfName(name)).toBe(key);
    }
  });

  test('names compare by their bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});
