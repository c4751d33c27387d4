/** Writes and deletes happen exactly when their condition holds. */
import { describe, expect, test } from 'vitest';
import { expectObject, putNew, putOver, text } from './exchange.ts';
import type { CapableTest, StoreBench, StoreCapability } from './store-conformance.ts';

export function describeConditions(bench: StoreBench, needs: (capability: StoreCapability) => CapableTest): void {
  describe('conditions', () => {
    test('absent: writes where there is nothing, and only there', async () => {
      const { store } = bench;
      await putNew(store, 'a', text('one'), { version: '1.1' });
      expect(await store.put('a', text('two'), {}, { kind: 'absent' })).toEqual({ kind: 'conflict' });
      await expectObject(store, 'a', text('one'), { version: '1.1' });
    });

    test('match: writes over exactly the version that was named', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'));
      const second = await putOver(store, 'a', first, text('two'), { version: '1.2' });
      expect(second).not.toBe(first);
      expect(await store.put('a', text('three'), {}, { kind: 'match', etag: first })).toEqual({ kind: 'conflict' });
      await expectObject(store, 'a', text('two'), { version: '1.2' });
    });

    test('match: does not write where there is nothing', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'other', text('x'));
      expect(await store.put('a', text('one'), {}, { kind: 'match', etag })).toEqual({ kind: 'conflict' });
      expect(await store.head('a')).toBeUndefined();
    });

    test('the ETag of a write is the one that reads give, in quotes', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('one'));
      expect(etag).toMatch(/^"[^"]+"$/);
      expect((await store.head('a'))?.etag).toBe(etag);
    });

    test('the same bytes with another version are told apart', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('same'), { version: '1.1' });
      await putOver(store, 'a', first, text('same'), { version: '1.2' });
      expect((await store.head('a'))?.metadata.version).toBe('1.2');
    });

    needs('exact-races')('of many writers over one version exactly one wins', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('start'));
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, i) => store.put('a', text(`writer ${i}`), {}, { kind: 'match', etag })),
      );
      const winners = outcomes.flatMap((outcome, i) => (outcome.kind === 'written' ? [{ i, etag: outcome.etag }] : []));
      expect(winners).toHaveLength(1);
      await expectObject(store, 'a', text(`writer ${winners[0]?.i}`));
      expect((await store.head('a'))?.etag).toBe(winners[0]?.etag);
    });

    test('of many writers of a new object exactly one wins', async () => {
      const { store } = bench;
      const writes = Array.from({ length: 12 }, (_, i) => store.put('a', text(`${i}`), {}, { kind: 'absent' }));
      const outcomes = await Promise.all(writes);
      expect(outcomes.filter((outcome) => outcome.kind === 'written')).toHaveLength(1);
    });
  });

  describe('deletes', () => {
    test('remove exactly the version that was named', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'), { version: '1.1' });
      const second = await putOver(store, 'a', first, text('two'), { version: '1.2' });
      expect(await store.delete('a', first)).toEqual({ kind: 'conflict' });
      await expectObject(store, 'a', text('two'), { version: '1.2' });
      expect(await store.delete('a', second)).toEqual({ kind: 'deleted' });
      expect(await store.head('a')).toBeUndefined();
      expect(await store.get('a')).toEqual({ kind: 'miss' });
    });

    test('of what is not there are told', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('one'));
      await store.delete('a', etag);
      expect(await store.delete('a', etag)).toEqual({ kind: 'missing' });
    });

    test('leave nothing of the metadata behind', async () => {
      const { store } = bench;
      const metadata = { version: '1.1', expiresAtMs: 5, crc32: 7, contentType: 'text/plain', user: { a: 'b' } };
      const etag = await putNew(store, 'a', text('one'), metadata);
      await store.delete('a', etag);
      await putNew(store, 'a', text('one'));
      await expectObject(store, 'a', text('one'));
    });

    needs('exact-deletes')('of one version by many: one of them deletes', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('one'));
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.delete('a', etag)));
      expect(outcomes.filter((outcome) => outcome.kind === 'deleted')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome.kind === 'missing')).toHaveLength(7);
    });
  });
}
