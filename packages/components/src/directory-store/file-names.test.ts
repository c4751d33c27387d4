import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareNames, nameOfPath, pathOfName } from './file-names.ts';

/** Anything that is a name, dwelling on what the encoding treats apart. */
const anyName = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('/', '%', '2', '5', 'F', 'f', '+', '=', '.', 'a', 'é', '🦀'), maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .tuple(
        fc.integer({ min: 60, max: 270 }),
        fc.constantFrom('a', 'é', '語', '🦀', '/', '%2F'),
        fc.string({ unit: fc.constantFrom('/', '+', '=', '.', 'a', '🦀'), maxLength: 6 }),
      )
      .map(([count, unit, end]) => unit.repeat(count) + end)
      .filter((name) => Buffer.byteLength(name) <= 1024),
  )
  .filter((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && name.isWellFormed());

describe('paths of names', () => {
  test.each([
    ['user:42', ['user:42']],
    ['photos/cat.jpg', ['photos%2Fcat.jpg']],
    ['a%2Fb', ['a%252Fb']],
    ['a%252Fb', ['a%25252Fb']],
    ['a%2fb', ['a%2fb']],
    ['%25', ['%25']],
    ['.sion/lease', ['.sion%2Flease']],
    ['k'.repeat(249), ['k'.repeat(249)]],
    ['k'.repeat(250), [`${'k'.repeat(250)}+`, '=']],
    ['k'.repeat(600), [`${'k'.repeat(250)}+`, `${'k'.repeat(250)}+`, `${'k'.repeat(100)}=`]],
    ['🦀'.repeat(63), [`${'🦀'.repeat(63)}+`, '=']],
    [`${'🦀'.repeat(62)}a`, [`${'🦀'.repeat(62)}a`]],
  ])('%#: %.30j', (name, steps) => {
    expect(pathOfName(name)).toEqual(steps);
    expect(nameOfPath(steps)).toBe(name);
  });

  test('lead back to the name (property)', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(nameOfPath(pathOfName(name))).toBe(name);
      }),
    );
  });

  test('never leave the folder, and each step is a file name (property)', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const steps = pathOfName(name);
        for (const step of steps) {
          expect(Buffer.byteLength(step)).toBeLessThanOrEqual(255);
          expect(step).not.toMatch(/^$|^\.{1,2}$|[/\0]/);
        }
        expect(relative('/store', join('/store', ...steps)).split('/')).toEqual(steps);
      }),
    );
  });

  test('never need a folder where another name has its file (property)', () => {
    // Names with a common start are the ones that could meet.
    const pair = fc.tuple(anyName, fc.nat(), fc.string({ unit: fc.constantFrom('+', '=', 'k', '/'), maxLength: 300 }));
    fc.assert(
      fc.property(pair, ([name, cut, end]) => {
        const other = name.slice(0, cut % (name.length + 1)) + end;
        fc.pre(
          other !== name && /^(?!\.{0,2}$)/.test(other) && other.isWellFormed() && Buffer.byteLength(other) <= 1024,
        );
        const [a, b] = [pathOfName(name).join('/'), pathOfName(other).join('/')];
        expect(a).not.toBe(b);
        expect(`${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test.each(['', '.', '..', 'a\0b', '\ud800', 'a\udfffb', 'k'.repeat(1025), 'é'.repeat(513)])(
    '%j is no name',
    (name) => {
      expect(() => pathOfName(name)).toThrow(expect.objectContaining({ code: 'invalid' }));
    },
  );

  test.each([
    [['a+', 'b=']],
    [['a', 'b']],
    [[`${'k'.repeat(250)}+`, 'a']],
    [[`${'k'.repeat(251)}+`, 'a=']],
    [['k'.repeat(250)]],
    [['']],
    [['..']],
  ])('no name leads to the file of others %#', (steps) => {
    expect(nameOfPath(steps)).toBeUndefined();
  });
});

test('names are ordered by their bytes (property)', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\uffee', '🦀', '🦁', '\ud7ff'), maxLength: 5 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
