/** One writer, many readers; what was written outlives the writer. */
import { describe, expect } from 'vitest';
import { expectObject, pattern, putNew, text } from './exchange.ts';
import type { CapableTest, StoreBench, StoreCapability } from './store-conformance.ts';

const isClosed = { code: 'closed' };

export function describeWriters(bench: StoreBench, needs: (capability: StoreCapability) => CapableTest): void {
  describe('writers and readers', () => {
    needs('reopen')('what was written is there for a reader beside the writer', async () => {
      const reader = await bench.open();
      expect(await reader.head('a')).toBeUndefined();
      const etag = await putNew(bench.store, 'a', pattern(2_000_000), { version: '1.1' });
      await expectObject(reader, 'a', pattern(2_000_000), { version: '1.1' });
      expect((await reader.head('a'))?.etag).toBe(etag);
      await bench.store.delete('a', etag);
      expect(await reader.head('a')).toBeUndefined();
    });

    needs('ownership')('who has not claimed can read but not write', async () => {
      const etag = await putNew(bench.store, 'a', text('one'));
      const reader = await bench.open();
      await expectObject(reader, 'a', text('one'));
      await expect(reader.put('b', text('x'), {}, { kind: 'absent' })).rejects.toMatchObject(isClosed);
      await expect(reader.beginUpload('b')).rejects.toMatchObject(isClosed);
      await expect(reader.replaceMetadata('a', etag, {})).rejects.toMatchObject(isClosed);
      await expect(reader.delete('a', etag)).rejects.toMatchObject(isClosed);
      await expectObject(bench.store, 'a', text('one'));
    });

    needs('fencing')('a claim ends the earlier writer, whatever it is at', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('one'));
      const upload = await store.beginUpload('c');
      await upload.write(text('half'));
      const later = await bench.open();
      await later.claim();
      await expect(store.put('b', text('x'), {}, { kind: 'absent' })).rejects.toMatchObject(isClosed);
      await expect(store.put('a', text('x'), {}, { kind: 'match', etag })).rejects.toMatchObject(isClosed);
      await expect(store.replaceMetadata('a', etag, {})).rejects.toMatchObject(isClosed);
      await expect(store.delete('a', etag)).rejects.toMatchObject(isClosed);
      await expect(store.beginUpload('b')).rejects.toMatchObject(isClosed);
      await expect(upload.commit({}, { kind: 'absent' })).rejects.toMatchObject(isClosed);
      await upload.abort();
      await expectObject(store, 'a', text('one'));
      await putNew(later, 'b', text('two'));
      expect((await later.list('', { limit: 10 })).objects.map(({ name }) => name)).toEqual(['a', 'b']);
    });

    needs('fencing')('of many that claim at once one can write', async () => {
      const claimants = await Promise.all(Array.from({ length: 5 }, () => bench.open()));
      await Promise.allSettled(claimants.map((claimant) => claimant.claim()));
      const writes = claimants.map((claimant, i) => claimant.put(`${i}`, text('x'), {}, { kind: 'absent' }));
      const outcomes = await Promise.allSettled(writes);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    needs('fencing')('who was ended may claim again', async () => {
      const later = await bench.open();
      await later.claim();
      await bench.store.claim();
      await putNew(bench.store, 'a', text('one'));
      await expect(later.put('b', text('x'), {}, { kind: 'absent' })).rejects.toMatchObject(isClosed);
    });

    needs('reopen')('a closed store is claimed at once by another, and does nothing more itself', async () => {
      const etag = await putNew(bench.store, 'a', text('one'));
      await bench.store.close();
      const later = await bench.open();
      await later.claim();
      await expectObject(later, 'a', text('one'));
      await expect(bench.store.delete('a', etag)).rejects.toMatchObject(isClosed);
      await putNew(later, 'b', text('two'));
    });
  });
}
