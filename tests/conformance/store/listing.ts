/** Listings: byte order, prefixes, pages; SION's own names never show. */

import type { Store } from '@sion/components';
import { describe, expect, test } from 'vitest';
import { putNew, text } from './exchange.ts';
import type { StoreBench } from './store-conformance.ts';

/** In the order of their bytes in UTF-8, which differs from JavaScript's at the last two. */
const ordered = [
  '%2E',
  '%FF',
  'A',
  'Z',
  'a',
  'a b',
  'a%2Fb',
  'a-',
  'a.txt',
  'a/',
  'a/%2Fb',
  'a/b',
  'a/b/c',
  'a0',
  'aa',
  'b',
  'é',
  '日本語',
  '\uff5e',
  '🦀',
];

async function listAll(store: Store, prefix: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.list(prefix, after === undefined ? { limit } : { limit, after });
    expect(page.objects.length).toBeLessThanOrEqual(limit);
    names.push(...page.objects.map(({ name }) => name));
    if (!page.more) return names;
    after = names.at(-1);
  }
}

export function describeListing(bench: StoreBench): void {
  describe('listings', () => {
    test('are in byte order, whatever the page', async () => {
      const { store } = bench;
      await Promise.all(ordered.toReversed().map((name) => putNew(store, name, text(name))));
      for (const limit of [1, 3, ordered.length - 1, ordered.length, 1000]) {
        expect(await listAll(store, '', limit)).toEqual(ordered);
      }
    });

    test('give the names with the prefix, after the last one', async () => {
      const { store } = bench;
      await Promise.all(ordered.map((name) => putNew(store, name, text(name))));
      expect(await listAll(store, 'a/', 2)).toEqual(['a/', 'a/%2Fb', 'a/b', 'a/b/c']);
      expect(await listAll(store, 'none', 2)).toEqual([]);
      const names = (await store.list('a', { after: 'a/a', limit: 3 })).objects.map(({ name }) => name);
      expect(names).toEqual(['a/b', 'a/b/c', 'a0']);
    });

    test('tell of each object what head tells', async () => {
      const { store } = bench;
      await putNew(store, 'a', text('12345'), { version: '1.1', user: { k: 'v' } });
      await putNew(store, 'b', text(''));
      const { objects } = await store.list('', { limit: 10 });
      expect(objects).toEqual([await store.head('a'), await store.head('b')]);
    });

    test('of names alone tell what they know, and make nothing up', async () => {
      const { store } = bench;
      await putNew(store, 'a', text('12345'), { version: '1.1', expiresAtMs: 5, user: { k: 'v' } });
      await putNew(store, 'b', text(''));
      await putNew(store, '.sion/lease', text('own'));
      const { objects, more } = await store.list('', { limit: 10, namesOnly: true });
      expect(more).toBe(false);
      for (const [place, name] of ['a', 'b'].entries()) {
        const full = await store.head(name);
        const listed = objects[place];
        expect(listed).toMatchObject({ name, sizeBytes: full?.sizeBytes });
        expect([full?.etag, '']).toContain(listed?.etag);
        // A listing of S3 has milliseconds, its HEAD only seconds.
        expect(Math.abs((listed?.modifiedMs ?? 0) - (full?.modifiedMs ?? 0))).toBeLessThan(1000);
        expect([full?.metadata, {}]).toContainEqual(listed?.metadata);
      }
      expect(objects).toHaveLength(2);
      const second = await store.list('', { limit: 1, after: 'a', namesOnly: true });
      expect(second.objects.map(({ name }) => name)).toEqual(['b']);
    });

    test('of an empty store are empty', async () => {
      expect(await bench.store.list('', { limit: 1000 })).toEqual({ objects: [], more: false });
    });

    test('do not show what was deleted', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('x'));
      await putNew(store, 'b', text('x'));
      await store.delete('a', etag);
      expect(await listAll(store, '', 10)).toEqual(['b']);
    });

    test('do not show SION’s own names, which work as any other', async () => {
      const { store } = bench;
      const etag = await putNew(store, '.sion/lease', text('one'), { version: '1.1' });
      expect(await store.put('.sion/lease', text('two'), {}, { kind: 'absent' })).toEqual({ kind: 'conflict' });
      await putNew(store, 'sion/lease', text('a user’s'));
      expect(await listAll(store, '', 10)).toEqual(['sion/lease']);
      expect(await listAll(store, '.sion/', 10)).toEqual([]);
      expect(await store.delete('.sion/lease', etag)).toEqual({ kind: 'deleted' });
      expect(await listAll(store, '', 10)).toEqual(['sion/lease']);
    });
  });
}
