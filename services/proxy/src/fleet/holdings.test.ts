import { chunkKey, chunkOverheadBytes, compareManifests, digestsEqual, Manifest, type ManifestEntry } from '@sion/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Holdings } from './holdings.ts';

function entryOf(counter: number): ManifestEntry {
  return { id: { epoch: 1, counter, fragment: 0, index: 0 }, lengthBytes: 10 * counter, checksum: counter * 7919 };
}

test('an arrival takes room at once and is in the manifest when it is held', () => {
  const book = new Holdings(10);
  expect(book.beginArrival(entryOf(1))).toBe(true);
  expect(book.beginArrival(entryOf(1))).toBe(false);
  expect(book.occupiedBytes).toBe(10 + chunkOverheadBytes);
  expect(book.manifest.count).toBe(0);
  expect(book.endArrival(entryOf(1).id, 'held')).toBe(true);
  expect(book.occupiedBytes).toBe(10 + chunkOverheadBytes);
  expect(book.manifest.count).toBe(1);
  expect(book.endArrival(entryOf(1).id, 'held')).toBe(false);
});

test('a chunk whose eviction is being told is not stored past it', () => {
  const book = new Holdings(10);
  book.manifest.add(entryOf(1));
  book.evict(entryOf(1).id);
  const batch = book.beginEvictions(10);
  expect(book.beginArrival(entryOf(1))).toBe(false);
  book.endEvictions(batch, true);
  expect(book.evictionCount).toBe(0);
  expect(book.beginArrival(entryOf(1))).toBe(true);
});

test('a store replaces an eviction that was not told yet, and brings it back when it fails', () => {
  const book = new Holdings(10);
  book.manifest.add(entryOf(1));
  book.evict(entryOf(1).id);
  expect(book.beginArrival(entryOf(1))).toBe(true);
  expect(book.evictionCount).toBe(0);
  book.endArrival(entryOf(1).id, 'absent');
  expect(book.beginEvictions(10)).toEqual([entryOf(1)]);
});

test('evictions are booked up to the bound; beyond it they are forgotten and a listing is due', () => {
  const book = new Holdings(2);
  for (let counter = 1; counter <= 3; counter++) book.manifest.add(entryOf(counter));
  for (let counter = 1; counter <= 2; counter++) book.evict(entryOf(counter).id);
  expect([book.evictionCount, book.evictionBytes, book.mustList]).toEqual([2, 30, false]);
  book.evict(entryOf(3).id);
  expect([book.evictionCount, book.mustList]).toEqual([0, true]);
  book.settle([], [entryOf(1), entryOf(2), entryOf(3)]);
  expect([book.evictionCount, book.mustList]).toEqual([3, false]);
});

/**
 * A node that does what it is told, with answers that get lost: whatever happens, the book never lists what the node has
 * not, and its digest is the node's unless a listing is due anyway.
 */
test('the book and the node agree after any history', () => {
  const counter = fc.integer({ min: 1, max: 6 });
  const event = fc.oneof(
    fc.record({ kind: fc.constant('store' as const), counter, answered: fc.boolean(), evicted: fc.boolean() }),
    fc.record({ kind: fc.constant('evict' as const), counter }),
    fc.record({ kind: fc.constant('tell' as const), done: fc.boolean(), answered: fc.boolean() }),
    fc.record({ kind: fc.constant('lose' as const), counter }),
    fc.record({ kind: fc.constant('hello' as const) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const book = new Holdings(4);
      const node = new Manifest();
      let unsure = false;
      const hello = () => {
        if (book.mustList || !digestsEqual(node.digest(), book.expectedDigest())) {
          expect(unsure || book.mustList).toBe(true);
          const { lost, stray } = compareManifests(book.manifest, node.entries());
          book.settle(lost, stray);
        }
        unsure = false;
        expect(digestsEqual(node.digest(), book.expectedDigest())).toBe(true);
      };
      for (const each of events) {
        if (each.kind === 'store') {
          const entry = entryOf(each.counter);
          if (!book.beginArrival(entry)) continue;
          node.add(entry);
          if (each.evicted) book.evict(entry.id);
          book.endArrival(entry.id, each.answered ? 'held' : 'unknown');
        } else if (each.kind === 'evict') {
          book.evict(entryOf(each.counter).id);
        } else if (each.kind === 'tell') {
          const batch = book.beginEvictions(2);
          if (each.done) for (const { id } of batch) node.remove(id);
          book.endEvictions(batch, each.done && each.answered);
          unsure ||= each.done && !each.answered;
        } else if (each.kind === 'lose') {
          unsure = node.remove(entryOf(each.counter).id) || unsure;
        } else {
          hello();
        }
      }
      hello();
      const keys = [...node.entries()].map(({ id }) => chunkKey(id));
      for (const { id } of book.manifest.entries()) expect(keys).toContain(chunkKey(id));
    }),
    { numRuns: 2000 },
  );
});
