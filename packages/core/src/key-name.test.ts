import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfName, maxKeyBytes, maxNameBytes, nameOfKey } from './key-name.ts';

/** A text's UTF-8 bytes, as keys are given. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

const examples: readonly (readonly [key: string, name: string])[] = [
  ['user:42', 'user:42'],
  ['photos/2024/cat.jpg', 'photos/2024/cat.jpg'],
  ['it\'s (50) ~ <odd> [but] "fine" & so=on?#', 'it\'s (50) ~ <odd> [but] "fine" & so=on?#'],
  [bytesOf('prix/été'), 'prix/été'],
  [bytesOf('日本語'), '日本語'],
  [bytesOf('🦀'), '🦀'],
  ['', '%~'],
  ['%', '%25'],
  ['%41', '%2541'],
  ['%~', '%25~'],
  ['a\\b', 'a%5Cb'],
  ['a\r\nb\0', 'a%0D%0Ab%00'],
  ['\x7f', '%7F'],
  ['\xff\xfe', '%FF%FE'],
  ['\xc3', '%C3'],
  ['\xc3(', '%C3('],
  ['\xc0\xaf', '%C0%AF'],
  ['\xed\xa0\x80', '%ED%A0%80'],
  ['\xf4\x90\x80\x80', '%F4%90%80%80'],
  [bytesOf('\u200d'), '%E2%80%8D'],
  [bytesOf('\ufeffx'), '%EF%BB%BFx'],
  [bytesOf('\u{1fffe}'), '%F0%9F%BF%BE'],
  [bytesOf('\u00a0'), '%C2%A0'],
  ['.', '%2E'],
  ['..', '%2E%2E'],
  ['...', '%2E..'],
  ['.sion/lease', '%2Esion/lease'],
  ['a/.b', 'a/.b'],
  ['a/./b', 'a/%2E/b'],
  ['a/../b', 'a/%2E%2E/b'],
  ['a/..', 'a/%2E%2E'],
  ['a/...', 'a/...'],
  ['/', '%2F'],
  ['//', '%2F%2F'],
  ['///', '%2F/%2F'],
  ['/a', '%2Fa'],
  ['/./a', '%2F./a'],
  ['a/', 'a%2F'],
  ['a//', 'a/%2F'],
  ['a//b', 'a/%2Fb'],
  ['a///b', 'a/%2F/b'],
  [' a b ', '%20a b%20'],
  ['a / b', 'a%20/%20b'],
  [' ', '%20'],
];

describe('names of keys', () => {
  test.each(examples)('%j is named %j', (key, name) => {
    expect(nameOfKey(key)).toBe(name);
    expect(keyOfName(name)).toBe(key);
  });

  test('a form above 900 bytes gives way to base64url', () => {
    const key = '\x00'.repeat(300);
    expect(nameOfKey(key)).toBe('%00'.repeat(300));
    const longer = `${key}a`;
    expect(nameOfKey(longer)).toBe(`%~${Buffer.from(longer, 'latin1').toString('base64url')}`);
    expect(keyOfName(nameOfKey(longer))).toBe(longer);
    expect(nameOfKey('\xff'.repeat(maxKeyBytes)).length).toBe(685);
  });

  test('the longest plain keys stay as they are', () => {
    for (const key of ['k'.repeat(512), bytesOf('é'.repeat(256)), bytesOf('🦀'.repeat(128))]) {
      expect(bytesOf(nameOfKey(key))).toBe(key);
    }
  });

  test('refuses keys that the front must have refused', () => {
    expect(() => nameOfKey('k'.repeat(513))).toThrow(RangeError);
    expect(() => nameOfKey('\u0180\u0180')).toThrow(RangeError);
    expect(() => nameOfKey('\xc3\u0180')).toThrow(RangeError);
  });

  test.each([
    'a%b',
    'a%2',
    '%41',
    '%2f',
    '%ff',
    '%c3%a9',
    '%C3%A9',
    'a//b',
    '/a',
    'a/',
    'a/./b',
    '.a',
    '..',
    '%2Ea/%2Eb',
    '%~YQ',
    '%~====',
    '%~é',
    '\ud800',
    'a\\b',
    ' a',
    '\u200d',
    '',
    'k'.repeat(513),
    '%00'.repeat(301),
    'é'.repeat(451),
  ])('no key has the name %j', (name) => {
    expect(keyOfName(name)).toBeUndefined();
  });
});

/** Keys that dwell on what is special. */
const anyKey = fc.oneof(
  fc
    .array(
      fc.constantFrom('/', '.', '%', '~', ' ', '\\', 'a', '2', 'E', 'F', 'é', '\xc3', '\xa9', '\x80', '\xf0', '\x00'),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.map((part) => (part === 'é' ? bytesOf(part) : part)).join('')),
  fc.uint8Array({ maxLength: maxKeyBytes }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.string({ unit: 'binary', maxLength: 128 }).map(bytesOf),
);

describe('properties of names', () => {
  test('a name leads back to its key, and to no other', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(keyOfName(nameOfKey(key))).toBe(key);
      }),
      { numRuns: 2_000 },
    );
  });

  test('every short key over a small alphabet has a name of its own', () => {
    const letters = ['/', '.', '%', '~', 'a', '2', 'F', ' ', '\xc3', '\xa9'];
    let keys = [''];
    const names = new Map<string, string>();
    for (let length = 0; length <= 5; length++) {
      for (const key of keys) {
        const name = nameOfKey(key);
        if (names.has(name))
          expect.fail(`${JSON.stringify(key)} and ${JSON.stringify(names.get(name))} are both ${name}`);
        names.set(name, key);
      }
      keys = keys.flatMap((key) => letters.map((letter) => key + letter));
    }
    expect(names.size).toBe(111_111);
  });

  test('nothing on the way rewrites a name', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const name = nameOfKey(key);
        expect(name.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(maxNameBytes);
        expect(name).not.toMatch(/^[./]|\\|\p{Cc}|\p{Zl}|\p{Zp}/u);
        for (const segment of name.split('/')) expect(['', '.', '..']).not.toContain(segment);
        const path = new URL(`http://store.example/${name.split('/').map(encodeURIComponent).join('/')}`).pathname;
        expect(path.slice(1).split('/').map(decodeURIComponent).join('/')).toBe(name);
      }),
      { numRuns: 2_000 },
    );
  });

  test('any name either has one key that is named so, or none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const key = keyOfName(name);
        if (key !== undefined) expect(nameOfKey(key)).toBe(name);
      }),
      { numRuns: 2_000 },
    );
  });
});
