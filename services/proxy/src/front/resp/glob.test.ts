import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from './glob.ts';

describe('matchesGlob', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*d', 'a-b-b-c', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h[\\]]llo', 'h]llo', true],
    ['h[ab', 'ha', true],
    ['h\\*', 'h*', true],
    ['h\\*', 'hx', false],
    ['**a', 'bba', true],
  ])('%j on %j: %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches);
  });

  it('finds what a pattern was made from', () => {
    const piece = fc.string({ maxLength: 4 });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), fc.array(piece, { maxLength: 5 }), (parts, fill) => {
        const escaped = parts.map((part) => part.replace(/[*?[\]\\^-]/g, '\\$&'));
        const text = parts.map((part, at) => (at === 0 ? part : `${fill[at - 1] ?? ''}${part}`)).join('');
        expect(matchesGlob(escaped.join('*'), text)).toBe(true);
      }),
    );
  });

  it('takes no exponential time', () => {
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false);
  });
});
