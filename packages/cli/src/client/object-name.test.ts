import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CliError } from '../cli-error.ts';
import { nameOfBytes, nameOfEncoded, nameOfText, objectPath } from './object-name.ts';

describe('names', () => {
  test.each([
    ['plain', 'plain', 'plain'],
    ['a/b c', 'a/b%20c', 'a/b c'],
    ['Ü', '%C3%9C', 'Ü'],
    ['日本', '%E6%97%A5%E6%9C%AC', '日本'],
    ['50%', '50%25', '50%'],
    ['..', '..', '..'],
    ['', '', "$''"],
    [' a', '%20a', "$' a'"],
    ['a\tb', 'a%09b', "$'a\\x09b'"],
    ['a\u00a0b', 'a%C2%A0b', "$'a\\xc2\\xa0b'"],
    ["$'a'", '%24%27a%27', "$'$\\'a\\''"],
  ])('%j goes as %s and is shown as %s', (text, encoded, shown) => {
    expect(nameOfText(text)).toEqual({ encoded, shown });
    expect(nameOfEncoded(encoded)).toEqual({ encoded, shown });
  });

  test('differ whenever keys do, and say every key', () => {
    const key = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(key, key, (one, other) => {
        const [first, second] = [nameOfBytes(Buffer.from(one)), nameOfBytes(Buffer.from(other))];
        const same = Buffer.from(one).equals(Buffer.from(other));
        expect([first.encoded === second.encoded, first.shown === second.shown]).toEqual([same, same]);
        expect(nameOfEncoded(first.encoded)).toEqual(first);
        expect(objectPath(first)).toMatch(/^\/v1\/objects\/[\x21-\x7e]*$/);
      }),
    );
  });

  test.each(['%', 'a%4', '%zz'])('%s is no encoding', (encoded) => {
    expect(() => nameOfEncoded(encoded)).toThrow(CliError);
    expect(() => nameOfEncoded(encoded)).toThrow('%25');
  });
});
