/** Every name is an object of its own, however awkward. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { getHit, putNew, text } from './exchange.ts';
import type { StoreBench } from './store-conformance.ts';

const awkward = [
  '%',
  '%2F',
  '%252F',
  '%2f',
  '%00',
  'a/b',
  'a%2Fb',
  'a%252Fb',
  'a',
  'A',
  'a ',
  ' a',
  'a.',
  'a/',
  'a//b',
  'CON',
  'x.tmp',
  '~',
  '*',
  '?',
  '"',
  "'",
  '<>|:&;$`!#{}[]()',
  'é',
  'e\u0301',
  '🦀',
  '\u202e',
  'k'.repeat(200),
  'k'.repeat(255),
  'k'.repeat(256),
  'k'.repeat(900),
  `${'k'.repeat(900)}/`,
  'é'.repeat(450),
  '🦀'.repeat(225),
];

/** Names that dwell on what a store might confuse. */
const anyName = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('a', 'A', '/', '%', '2', '5', 'F', '+', '=', '.', '~', 'é'), maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc
      .tuple(fc.integer({ min: 240, max: 270 }), fc.constantFrom('', '+', '=', '/', 'x'))
      .map(([n, end]) => 'n'.repeat(n) + end),
  )
  .filter((name) => name !== '' && !name.startsWith('.') && !name.includes('\0') && name.isWellFormed());

async function expectApart(bench: StoreBench, names: readonly string[]): Promise<void> {
  const { store } = bench;
  await Promise.all(names.map((name) => putNew(store, name, text(name), { user: { length: `${name.length}` } })));
  for (const name of names) {
    const hit = await getHit(store, name);
    expect(Buffer.from(hit.bytes).toString()).toBe(name);
    expect(hit.object.name).toBe(name);
    expect(hit.object.metadata.user).toEqual({ length: `${name.length}` });
  }
  const listed = (await store.list('', { limit: 1000 })).objects.map(({ name }) => name);
  expect(listed).toEqual([...names].sort((a, b) => Buffer.compare(text(a) as Buffer, text(b) as Buffer)));
}

export function describeNames(bench: StoreBench): void {
  describe('names', () => {
    test('awkward ones are objects of their own', () => expectApart(bench, awkward));

    test('any are objects of their own (property)', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(anyName, { minLength: 1, maxLength: 12 }), async (names) => {
          await expectApart(bench, names);
          for (const { name, etag } of (await bench.store.list('', { limit: 1000 })).objects) {
            expect(await bench.store.delete(name, etag)).toEqual({ kind: 'deleted' });
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}
