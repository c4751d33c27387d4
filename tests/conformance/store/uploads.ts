/** Streamed writes: nothing shows before the commit, everything after it. */
import type { Upload } from '@sion/components';
import { describe, expect, test } from 'vitest';
import { expectObject, getHit, pattern, putNew, putOver, sha256, text, written } from './exchange.ts';
import type { CapableTest, StoreBench, StoreCapability } from './store-conformance.ts';

const mebibyte = 1024 * 1024;

async function writeAll(upload: Upload, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) await upload.write(bytes.slice(at, at + pieceBytes));
}

export function describeUploads(bench: StoreBench, needs: (capability: StoreCapability) => CapableTest): void {
  describe('uploads', () => {
    test.each([
      [0, 1],
      [1, 1],
      [mebibyte + 1, 65_537],
      [24 * mebibyte + 7, 3 * mebibyte + 1],
    ])('%i bytes in pieces of %i come back', async (length, pieceBytes) => {
      const bytes = pattern(length, 3);
      const upload = await bench.store.beginUpload('a', length);
      await writeAll(upload, bytes, pieceBytes);
      written(await upload.commit({ version: '1.1' }, { kind: 'absent' }));
      await upload.abort();
      await expectObject(bench.store, 'a', bytes, { version: '1.1' });
    });

    test('written bytes are the caller’s again', async () => {
      const upload = await bench.store.beginUpload('a');
      const piece = text('before');
      await upload.write(piece);
      piece.fill(0);
      await upload.commit({}, { kind: 'absent' });
      await expectObject(bench.store, 'a', text('before'));
    });

    test('nothing shows before the commit', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'b', text('old'));
      const fresh = await store.beginUpload('a');
      const over = await store.beginUpload('b');
      await fresh.write(pattern(2 * mebibyte));
      await over.write(pattern(2 * mebibyte));
      expect(await store.head('a')).toBeUndefined();
      await expectObject(store, 'b', text('old'));
      expect((await store.list('', { limit: 10 })).objects.map(({ name }) => name)).toEqual(['b']);
      written(await over.commit({}, { kind: 'match', etag }));
      await fresh.abort();
      expect(sha256((await getHit(store, 'b')).bytes)).toBe(sha256(pattern(2 * mebibyte)));
      expect(await store.head('a')).toBeUndefined();
    });

    test('an aborted one leaves no trace and takes nothing more', async () => {
      const { store } = bench;
      const upload = await store.beginUpload('a');
      await upload.write(text('x'));
      await upload.abort();
      await upload.abort();
      await expect(upload.commit({}, { kind: 'absent' })).rejects.toMatchObject({ code: 'closed' });
      expect(await store.head('a')).toBeUndefined();
      await putNew(store, 'a', text('y'));
    });

    test('after a conflict it may be committed under another condition', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'));
      const upload = await store.beginUpload('a');
      await upload.write(text('uploaded'));
      expect(await upload.commit({}, { kind: 'absent' })).toEqual({ kind: 'conflict' });
      const second = await putOver(store, 'a', first, text('two'));
      expect(await upload.commit({}, { kind: 'match', etag: first })).toEqual({ kind: 'conflict' });
      await expectObject(store, 'a', text('two'));
      written(await upload.commit({ version: '1.3' }, { kind: 'match', etag: second }));
      await expectObject(store, 'a', text('uploaded'), { version: '1.3' });
    });

    test('of many uploads of one name exactly one wins', async () => {
      const { store } = bench;
      const uploads = await Promise.all(Array.from({ length: 6 }, () => store.beginUpload('a')));
      await Promise.all(uploads.map((upload, i) => upload.write(text(`upload ${i}`))));
      const outcomes = await Promise.all(uploads.map((upload) => upload.commit({}, { kind: 'absent' })));
      const winners = outcomes.flatMap((outcome, i) => (outcome.kind === 'written' ? [i] : []));
      expect(winners).toHaveLength(1);
      await expectObject(store, 'a', text(`upload ${winners[0]}`));
      await Promise.all(uploads.map((upload) => upload.abort()));
      await expectObject(store, 'a', text(`upload ${winners[0]}`));
    });

    needs('reopen')('one that was cut off shows nothing when the store is opened again', async () => {
      const upload = await bench.store.beginUpload('a');
      await upload.write(pattern(2 * mebibyte));
      const again = await bench.open();
      await again.claim();
      expect(await again.head('a')).toBeUndefined();
      expect(await again.list('', { limit: 10 })).toEqual({ objects: [], more: false });
      await putNew(again, 'a', text('later'));
      await expectObject(again, 'a', text('later'));
      await upload.abort();
      await expectObject(again, 'a', text('later'));
    });
  });
}
