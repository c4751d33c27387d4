import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob, globPrefix, matchesGlob } from './glob.ts';

describe('globs', () => {
  test.each<[pattern: string, matching: string[], other: string[]]>([
    ['', [''], ['a']],
    ['*', ['', 'a', 'abc', '\n', '\xff'], []],
    ['h?llo', ['hello', 'hallo', 'h\nllo'], ['hllo', 'heello']],
    ['h*llo', ['hllo', 'heeeello', 'hllollo'], ['hell', 'xhllo']],
    ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'hllo']],
    ['h[^e]llo', ['hallo', 'hbllo'], ['hello', 'hllo']],
    ['h[a-b]llo', ['hallo', 'hbllo'], ['hcllo']],
    ['h[b-a]llo', ['hallo', 'hbllo'], ['hcllo']],
    ['a\\*b', ['a*b'], ['aab', 'a\\*b']],
    ['a\\', ['a\\'], ['a']],
    ['[\\]]', [']'], ['\\', '[']],
    ['[\\^a]', ['^', 'a'], ['b']],
    ['[a\\-c]', ['a', '-', 'c'], ['b']],
    ['[abc', ['a', 'b', 'c'], ['d', '[abc']],
    ['[a-', ['a', '-'], ['b']],
    ['[a-]', ['a', ']', '^'], ['b', '-']],
    ['[]', [], ['', ']', 'a']],
    ['[]a]', [], ['a', ']', 'a]']],
    ['[^]', ['a', ']'], ['', 'aa']],
    ['[', [], ['', '[']],
    ['[\\', ['\\'], ['[']],
    ['**a**', ['a', 'bab'], ['', 'b']],
    ['a*b*c', ['abc', 'aXbXbXc', 'abcbc'], ['ab', 'acb']],
    ['*.jpg', ['.jpg', 'x.jpg', 'x.jpg.jpg'], ['x.jpg.png']],
    ['\xe9?', ['\xe9\xff'], ['\xc3\xa9']],
  ])('%j', (pattern, matching, other) => {
    const matches = compileGlob(pattern);
    for (const text of matching) expect([text, matches(text)]).toEqual([text, true]);
    for (const text of other) expect([text, matches(text)]).toEqual([text, false]);
  });

  test('letters match either way when asked', () => {
    expect(matchesGlob('MaxMemory*', 'maxmemory-policy', true)).toBe(true);
    expect(matchesGlob('[A-C]x', 'bX', true)).toBe(true);
    expect(matchesGlob('[a-c]x', 'BX', true)).toBe(true);
    expect(matchesGlob('MaxMemory*', 'maxmemory-policy')).toBe(false);
    expect(matchesGlob('\xc0', '\xe0', true)).toBe(false);
  });

  test('a pattern made to explode takes bounded steps', () => {
    let reads = 0;
    const text = 'a'.repeat(2_000);
    const watched = new Proxy(new String(text), {
      get: (target, name) => {
        if (name === 'length') return text.length;
        if (name === 'charCodeAt') return (at: number) => (reads++, text.charCodeAt(at));
        return Reflect.get(target, name);
      },
    });
    const matches: (text: string) => boolean = compileGlob(`${'a*'.repeat(50)}b`);
    expect(Reflect.apply(matches, undefined, [watched])).toBe(false);
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(text.length * 101);
  });
});

/** The definition, in as few words as possible: tries everything. */
function slowMatch(parts: readonly string[], text: string): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return text === '';
  if (part === '*') return slowMatch(rest, text) || (text !== '' && slowMatch(parts, text.slice(1)));
  const first = text[0];
  if (first === undefined) return false;
  const members = part.replace(/^\[\^?|\]$/g, '');
  const fits = part === '?' || (part.startsWith('[^') ? !members.includes(first) : members.includes(first));
  return fits && slowMatch(rest, text.slice(1));
}

test('agrees with the definition on patterns of every kind', () => {
  const parts = fc.array(fc.constantFrom('*', '*', '?', 'a', 'b', '[ab]', '[^a]', '[bc]'), { maxLength: 8 });
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 9 }).map((letters) => letters.join(''));
  fc.assert(
    fc.property(parts, texts, (some, text) => {
      expect(matchesGlob(some.join(''), text)).toBe(slowMatch(some, text));
    }),
    { numRuns: 5_000 },
  );
});

test('finds what a pattern was made from, escapes included', () => {
  const piece = fc.string({ maxLength: 4 });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), fc.array(piece, { maxLength: 5 }), (parts, fill) => {
      const escaped = parts.map((part) => part.replace(/[*?[\]\\^-]/g, '\\$&'));
      const text = parts.map((part, at) => (at === 0 ? part : `${fill[at - 1] ?? ''}${part}`)).join('');
      expect(matchesGlob(escaped.join('*'), text)).toBe(true);
    }),
  );
});

describe('the literal beginning of a pattern', () => {
  test.each<[pattern: string, text: string, exact: boolean]>([
    ['', '', true],
    ['user:1', 'user:1', true],
    ['user:*', 'user:', false],
    ['*', '', false],
    ['a?c', 'a', false],
    ['ab[cd]', 'ab', false],
    ['a\\*b*', 'a*b', false],
    ['a\\', 'a\\', true],
    ['a\\\\b', 'a\\b', true],
    ['a]b', 'a]b', true],
  ])('%j', (pattern, text, exact) => {
    expect(globPrefix(pattern)).toEqual({ text, exact });
  });

  test('is what every text that matches begins with', () => {
    const pieces = fc.array(fc.constantFrom('*', '?', '[ab]', '[^a]', 'a', 'b', '\\*', '\\a', '\\'), { maxLength: 6 });
    const texts = fc.array(fc.constantFrom('a', 'b', '*', '\\'), { maxLength: 6 }).map((letters) => letters.join(''));
    fc.assert(
      fc.property(pieces, texts, (some, text) => {
        const pattern = some.join('');
        const prefix = globPrefix(pattern);
        const isInside = prefix.exact ? text === prefix.text : text.startsWith(prefix.text);
        if (matchesGlob(pattern, text)) expect(isInside).toBe(true);
        else if (prefix.exact) expect(isInside).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});
