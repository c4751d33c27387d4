/** Reads: whole objects of any size, ranges, and reads of one version only. */
import { describe, expect, test } from 'vitest';
import { collect, expectObject, getHit, pattern, putNew, putOver, sha256, text } from './exchange.ts';
import type { StoreBench } from './store-conformance.ts';

const mebibyte = 1024 * 1024;

export function describeReads(bench: StoreBench): void {
  describe('reads', () => {
    test.each([0, 1, 1000, mebibyte - 1, mebibyte, mebibyte + 1, 7 * mebibyte + 3])(
      'an object of %i bytes comes back as it was put',
      async (length) => {
        const bytes = pattern(length, length);
        await putNew(bench.store, 'a', bytes, { version: '1.1' });
        await expectObject(bench.store, 'a', bytes, { version: '1.1' });
      },
    );

    test('what is not there is a miss', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'other', text('x'));
      expect(await store.head('a')).toBeUndefined();
      expect(await store.get('a')).toEqual({ kind: 'miss' });
      expect(await store.get('a', { range: { start: 0, end: 1 } })).toEqual({ kind: 'miss' });
      expect(await store.get('a', { ifMatch: etag })).toEqual({ kind: 'miss' });
    });

    test('bytes that were put are the caller’s again', async () => {
      const bytes = text('before');
      await putNew(bench.store, 'a', bytes);
      bytes.fill(0);
      await expectObject(bench.store, 'a', text('before'));
    });

    test('head and get tell the same', async () => {
      const { store } = bench;
      await putNew(store, 'a', text('one'), { version: '1.1', user: { k: 'v' } });
      const head = await store.head('a');
      expect((await getHit(store, 'a')).object).toEqual(head);
      expect(head?.modifiedMs).toBeGreaterThan(Date.UTC(2024, 0));
    });

    test('a body that is not read may be cancelled, twice and after its end', async () => {
      const { store } = bench;
      await putNew(store, 'a', pattern(3 * mebibyte));
      const unread = await store.get('a');
      const read = await store.get('a');
      if (unread.kind !== 'hit' || read.kind !== 'hit') throw new Error('missing');
      unread.body.cancel();
      unread.body.cancel();
      await collect(read.body);
      read.body.cancel();
      expect((await getHit(store, 'a')).bytes).toHaveLength(3 * mebibyte);
    });

    test('a body that was cancelled never ends as if it were whole', async () => {
      const { store } = bench;
      const bytes = pattern(5 * mebibyte);
      await putNew(store, 'a', bytes);
      const outcome = await store.get('a');
      if (outcome.kind !== 'hit') throw new Error('missing');
      const pieces: Uint8Array[] = [];
      const reading = async () => {
        for await (const piece of outcome.body) {
          pieces.push(piece);
          outcome.body.cancel();
        }
      };
      await expect(reading()).rejects.toMatchObject({ code: 'closed' });
      expect(Buffer.concat(pieces).length).toBeLessThan(bytes.length);
    });
  });

  describe('ranges', () => {
    const bytes = pattern(3 * mebibyte + 5);
    test.each([
      [0, 1],
      [0, bytes.length],
      [5, 9],
      [mebibyte - 1, mebibyte + 1],
      [mebibyte, 3 * mebibyte],
      [bytes.length - 1, bytes.length],
      [1, bytes.length - 1],
    ])('[%i, %i) gives these bytes', async (start, end) => {
      await putNew(bench.store, 'a', bytes);
      const hit = await getHit(bench.store, 'a', { range: { start, end } });
      expect(sha256(hit.bytes)).toBe(sha256(bytes.subarray(start, end)));
      expect(hit.range).toEqual({ start, end });
      expect(hit.object.sizeBytes).toBe(bytes.length);
    });

    test('are clipped to the object’s end', async () => {
      await putNew(bench.store, 'a', text('hello'));
      const hit = await getHit(bench.store, 'a', { range: { start: 3, end: 1000 } });
      expect(Buffer.from(hit.bytes).toString()).toBe('lo');
      expect(hit.range).toEqual({ start: 3, end: 5 });
    });

    test('wholly outside are told, with the object', async () => {
      const { store } = bench;
      await putNew(store, 'a', text('hello'));
      await putNew(store, 'empty', text(''));
      for (const start of [5, 6, 1e12]) {
        expect(await store.get('a', { range: { start, end: start + 1 } })).toEqual({
          kind: 'outside',
          object: await store.head('a'),
        });
      }
      expect((await store.get('empty', { range: { start: 0, end: 1 } })).kind).toBe('outside');
    });
  });

  describe('reads of one version', () => {
    test('hit while it is there, and are superseded afterwards', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'));
      expect(Buffer.from((await getHit(store, 'a', { ifMatch: first })).bytes).toString()).toBe('one');
      const second = await putOver(store, 'a', first, text('two'));
      expect(await store.get('a', { ifMatch: first })).toEqual({ kind: 'superseded' });
      expect(await store.get('a', { ifMatch: first, range: { start: 0, end: 1 } })).toEqual({ kind: 'superseded' });
      const range = { start: 1, end: 3 };
      expect(Buffer.from((await getHit(store, 'a', { ifMatch: second, range })).bytes).toString()).toBe('wo');
    });
  });
}
