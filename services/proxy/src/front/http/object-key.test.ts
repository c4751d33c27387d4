import { SionError } from '@sion/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../objects/objects.ts';
import { readKey } from './object-key.ts';

const prefix = '/v1/objects/';
const read = (encoded: string, maxKeyBytes = 512) => readKey(prefix, prefix + encoded, maxKeyBytes);

describe('keys in request targets', () => {
  it.each([
    ['', ''],
    ['plain', 'plain'],
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['a%2fb', 'a/b'],
    ['/', '/'],
    ['//x//', '//x//'],
    ['../x/./%2e%2e', '../x/./..'],
    ['%00%ff', '\x00\xff'],
    ['%25', '%'],
    ['%2525', '%25'],
    ['a+b', 'a+b'],
    ['a%20b', 'a b'],
    ['%C3%A9', '\xc3\xa9'],
    ['\xe9', '\xe9'],
    ['a;b=c&d', 'a;b=c&d'],
  ])('%j is the key %j', (encoded, key) => {
    expect(read(encoded)).toBe(key);
  });

  it.each([
    ['%', '"%"'],
    ['a%', '"%"'],
    ['a%4', '"%4"'],
    ['%zz', '"%zz"'],
    ['%4g', '"%4g"'],
    ['%%41', '"%%4"'],
    ['a?b', '%3F'],
    ['?', '%3F'],
    ['a#b', '%23'],
  ])('%j is refused with the remedy', (encoded, shown) => {
    const error = thrownBy(() => read(encoded));
    expect(error).toMatchObject({ code: 'invalid' });
    expect(error).toBeInstanceOf(SionError);
    expect(String(error)).toContain(shown);
  });

  it('allows as many bytes as the limit, counted after decoding', () => {
    expect(read('%41'.repeat(512))).toHaveLength(512);
    expect(String(thrownBy(() => read('%41'.repeat(513))))).toMatch(/513 bytes; at most 512/);
  });

  it('reads back every key that a client writes', () => {
    const keys = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(keys, (key) => {
        const target = writeTarget(key);
        expect(target).toMatch(/^[\x21-\x7e]+$/);
        expect(readKey(prefix, target, 512)).toBe(key);
      }),
    );
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** The request target of a key, as clients should send it: all but unreserved characters and `/` is encoded. */
function writeTarget(key: Key): string {
  let target = prefix;
  for (const character of key) {
    target += /[A-Za-z0-9\-._~/]/.test(character)
      ? character
      : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return target;
}
