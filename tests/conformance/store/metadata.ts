/** What is kept beside the bytes comes back exactly, and changes alone or together with them. */

import type { StoredMetadata } from '@sion/components';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectObject, getHit, pattern, putNew, putOver, text, written } from './exchange.ts';
import type { CapableTest, StoreBench, StoreCapability } from './store-conformance.ts';

const full: StoredMetadata = {
  version: '4294967295.281474976710655',
  expiresAtMs: 8_640_000_000_000_000,
  crc32: 4_294_967_295,
  contentType: 'text/plain; charset="utf-8"',
  user: { owner: 'somebody', 'with-dash': '"quoted" = 50 % & more' },
};

/** Printable, as header values are: no blanks at the ends. */
const printable = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 })
  .map((value) => value.trim());
const headerName = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);

const anyMetadata: fc.Arbitrary<StoredMetadata> = fc.record(
  {
    version: fc.tuple(fc.integer({ min: 1 }), fc.integer({ min: 1 })).map((parts) => parts.join('.')),
    expiresAtMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    crc32: fc.integer({ min: 0, max: 4_294_967_295 }),
    contentType: fc.constantFrom('text/plain', 'application/json', 'image/svg+xml; a=b'),
    user: fc.dictionary(headerName, printable, { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

export function describeMetadata(bench: StoreBench, needs: (capability: StoreCapability) => CapableTest): void {
  describe('metadata', () => {
    test('all of it comes back', async () => {
      const { store } = bench;
      await putNew(store, 'a', text('one'), full);
      await expectObject(store, 'a', text('one'), full);
      expect((await store.list('', { limit: 1 })).objects[0]?.metadata).toEqual(full);
    });

    test('none of it is made up', async () => {
      await putNew(bench.store, 'a', text('one'));
      await expectObject(bench.store, 'a', text('one'), {});
    });

    test('any of it comes back (property)', async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(anyMetadata, async (metadata) => {
          count += 1;
          await putNew(bench.store, `object ${count}`, text('x'), metadata);
          expect((await bench.store.head(`object ${count}`))?.metadata).toEqual(metadata);
        }),
        { numRuns: 40 },
      );
    });

    test('an overwrite replaces all of it', async () => {
      const { store } = bench;
      const etag = await putNew(store, 'a', text('one'), full);
      await putOver(store, 'a', etag, text('one'), { version: '2.1' });
      await expectObject(store, 'a', text('one'), { version: '2.1' });
    });

    needs('reopen')('it is there when the store is opened again', async () => {
      await putNew(bench.store, 'a', text('one'), full);
      await expectObject(await bench.open(), 'a', text('one'), full);
    });
  });

  describe('replacing metadata', () => {
    test('keeps the bytes', async () => {
      const { store } = bench;
      const bytes = pattern(2_000_000);
      const first = await putNew(store, 'a', bytes, full);
      const second = written(await store.replaceMetadata('a', first, { version: '1.1', expiresAtMs: 5 }));
      await expectObject(store, 'a', bytes, { version: '1.1', expiresAtMs: 5 });
      expect((await store.head('a'))?.etag).toBe(second);
      const third = written(await store.replaceMetadata('a', second, {}));
      expect((await getHit(store, 'a', { ifMatch: third })).object.metadata).toEqual({});
    });

    needs('own-etags')('gives a new ETag', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'), full);
      expect(written(await store.replaceMetadata('a', first, {}))).not.toBe(first);
      expect(await store.get('a', { ifMatch: first })).toEqual({ kind: 'superseded' });
    });

    test('happens to exactly the version that was named', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'));
      const second = await putOver(store, 'a', first, text('two'), full);
      expect(await store.replaceMetadata('a', first, {})).toEqual({ kind: 'conflict' });
      await expectObject(store, 'a', text('two'), full);
      expect(await store.delete('a', second)).toEqual({ kind: 'deleted' });
      expect(await store.replaceMetadata('a', second, {})).toEqual({ kind: 'conflict' });
      expect(await store.head('a')).toBeUndefined();
    });

    const race = async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'));
      const [replaced, overwritten] = await Promise.all([
        store.replaceMetadata('a', first, { version: '1.1' }),
        store.put('a', text('two'), { version: '1.2' }, { kind: 'match', etag: first }),
      ]);
      if (overwritten.kind === 'written') await expectObject(store, 'a', text('two'), { version: '1.2' });
      else await expectObject(store, 'a', text('one'), { version: '1.1' });
      return [replaced.kind, overwritten.kind].sort();
    };

    needs('exact-races')('is ordered with writes of the name', async () => {
      expect(await race()).toContain('written');
    });

    test('meets a write of the name so that one of them is there, whole; who does not know says so', async () => {
      const { store } = bench;
      const first = await putNew(store, 'a', text('one'));
      const outcomes = await Promise.allSettled([
        store.replaceMetadata('a', first, { version: '1.1' }),
        store.put('a', text('two'), { version: '1.2' }, { kind: 'match', etag: first }),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'indeterminate' });
      }
      const version = (await store.head('a'))?.metadata.version;
      if (version === '1.1') return await expectObject(store, 'a', text('one'), { version });
      if (version === '1.2') return await expectObject(store, 'a', text('two'), { version });
      expect([version, outcomes.map(({ status }) => status)]).toEqual([undefined, ['rejected', 'rejected']]);
    });

    needs('own-etags')('happens, or a write of the name, not both', async () => {
      expect(await race()).toEqual(['conflict', 'written']);
    });
  });
}
